"""The one thread that writes, and its queue. Callers share its commits, so that no command pays for a whole one."""

import time
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import Any, Generic, Protocol

from worker.errors import LedgerError, LedgerUnavailable
from worker.ledger.operations.transaction import Asked, Bulk, Given

#: The least time between two commits. A writer that was idle answers at once; a busy one waits this long, which no
#: caller notices beside its provider call, and saves a third of the CPU time at some hundred commands a second.
_BREATH_SECONDS = 0.001


#: How often a writer with nothing to write looks whether a database that was away is back.
_AWAY_TICK_SECONDS = 1.0
#: Far above the number of callers there ever are; it bounds a statement's parameters.
BATCH_LIMIT = 500
#: What no two tickets of one batch may have in common; None where an operation is about no single key.
TicketKey = tuple[str, str] | None


@dataclass(frozen=True, slots=True, eq=False)
class Ticket(Generic[Asked, Given]):
    """One operation, and the future that gets its answer.

    Exactly one thread takes it: the writer, to answer it, or its own caller, to give up (`Future.cancel`).
    """

    bulk: Bulk[Asked, Given]
    item: Asked
    key: TicketKey
    future: "Future[Given]" = field(default_factory=Future)

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its answer."""
        return not self.future.done()

    def take(self) -> bool:
        """Claim the right to answer; False when the caller has given up."""
        return self.future.set_running_or_notify_cancel()

    def answer(self, answer: Given | LedgerError) -> None:
        """Give the answer, once; an error is raised to the caller. Not needed any more by one that has given up."""
        with suppress(InvalidStateError):
            if isinstance(answer, LedgerError):
                self.future.set_exception(answer)
            else:
                self.future.set_result(answer)


#: A ticket of any kind: a batch holds many kinds.
AnyTicket = Ticket[Any, Any]


def wait_for(future: "Future[Given]", seconds: float) -> Given:
    """Wait for the writer's answer. Raises the error it answered with, or LedgerUnavailable when it has ended.

    An operation that the writer has begun is waited for once more as long: only if the database hangs in the middle of
    a commit it is left open whether this one was written.
    """
    with suppress(TimeoutError):
        return future.result(seconds)
    if future.cancel():
        raise LedgerUnavailable(f"The ledger did not come to this within {seconds:g} s; nothing was written.")
    with suppress(TimeoutError):
        return future.result(seconds)
    raise LedgerUnavailable(f"The ledger's commit hangs for more than {seconds:g} s; it may yet end well.")


class Settling(Protocol):
    """What becomes of the batches: `Commits`."""

    @property
    def away(self) -> bool:
        """Whether the database could not be used the last time."""

    def settle(self, batch: Sequence[AnyTicket]) -> None:
        """Answer every ticket; what is raised ends the writer."""

    def leave(self) -> None:
        """Say goodbye; nothing is settled afterwards."""


class Inbox:
    """Many threads put, one takes. No batch holds a key twice, and each key's tickets keep their order."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[AnyTicket | None] = SimpleQueue()
        # Fewer than the limit, always: they are what one batch had to leave.
        self._kept: list[AnyTicket] = []
        self._rest = Event()  # never set: a rest of the one thread that takes

    def put(self, ticket: AnyTicket) -> None:
        """Lay a ticket down; never blocks."""
        self._queue.put(ticket)

    def wake(self) -> None:
        """Let a waiting `take` return at once."""
        self._queue.put(None)

    def is_empty(self) -> bool:
        """Whether no ticket is left, as the writer's thread last saw it."""
        return not self._kept and self._queue.empty()

    def take(self, wait_seconds: float, gather_until: float = 0.0) -> list[AnyTicket]:
        """Wait for a ticket, then return all there are, up to the limit; none after the wait's end or a `wake`.

        When the first one is there before `gather_until` (monotonic seconds), the others are waited for until then.
        """
        batch: list[AnyTicket] = []
        keys: set[TicketKey] = set()
        again: list[AnyTicket] = []
        for ticket in self._pull(wait_seconds, gather_until):
            if ticket.key in keys:
                again.append(ticket)
            elif ticket.take():
                batch.append(ticket)
                if ticket.key is not None:
                    keys.add(ticket.key)
        self._kept = again
        return batch

    def _pull(self, wait_seconds: float, gather_until: float) -> list[AnyTicket]:
        pulled = list(self._kept)
        try:
            ticket = self._queue.get(timeout=0 if pulled else wait_seconds)
            self._rest.wait(max(0.0, gather_until - time.monotonic()))
            while ticket is not None:
                pulled.append(ticket)
                if len(pulled) >= BATCH_LIMIT:
                    break
                ticket = self._queue.get_nowait()
        except Empty:
            pass
        return pulled


class Writer:
    """Takes what has come while the last commit was under way, commits it together, answers, and begins again.

    It wakes up at least every `tick_seconds`, for the lease. When its thread dies, every caller gets LedgerUnavailable,
    now and later.
    """

    def __init__(self, commits: Settling, tick_seconds: float) -> None:
        self._commits = commits
        self._tick_seconds = tick_seconds
        self._inbox = Inbox()
        self._batch: list[AnyTicket] = []
        self._turning_away = Lock()
        self._stopping = Event()
        self._fault: BaseException | None = None
        self._ended = False
        self._thread = Thread(target=self._run, name="ledger-writer", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive() and not self._ended

    @property
    def fault(self) -> BaseException | None:
        """What ended the thread by itself, if anything did."""
        return self._fault

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, bulk: Bulk[Asked, Given], item: Asked, key: TicketKey) -> "Future[Given]":
        """Have one operation done in one of the next commits; the future gets its answer, or its LedgerError.

        What is called when it is done runs on the writer's thread, or on the caller's once the writer has ended. It
        must be quick, and never wait for the ledger.
        """
        ticket = Ticket(bulk, item, key)
        self._inbox.put(ticket)
        if self._ended:
            # The thread may have ended just before the ticket lay there: whoever sees it first turns it away.
            self._turn_away()
        return ticket.future

    def stop(self, deadline_seconds: float = 40.0) -> bool:
        """Commit what is there, say goodbye, end. False when that took longer than it may."""
        self._stopping.set()
        self._inbox.wake()
        if self._thread.is_alive():
            self._thread.join(deadline_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            gather_until = 0.0
            while not (self._stopping.is_set() and self._inbox.is_empty()):
                self._batch = self._inbox.take(self._patience(), gather_until)
                self._commits.settle(self._batch)
                gather_until = time.monotonic() + _BREATH_SECONDS
            self._commits.leave()
        except BaseException as fault:  # noqa: BLE001 - kept and raised to every caller; raised here it would be lost
            self._fault = fault
        finally:
            self._ended = True
            self._turn_away()

    def _patience(self) -> float:
        return min(self._tick_seconds, _AWAY_TICK_SECONDS) if self._commits.away else self._tick_seconds

    def _turn_away(self) -> None:
        with self._turning_away:
            left = list(self._batch)
            while not self._inbox.is_empty():
                left += self._inbox.take(0)
        # Not under the lock: what is called then may submit again, and comes here in the same thread.
        for ticket in left:
            if ticket.is_open:
                ticket.answer(self._refusal())

    def _refusal(self) -> LedgerUnavailable:
        if self._fault is None:
            return LedgerUnavailable("The ledger is closed.")
        refusal = LedgerUnavailable(f"The ledger's writer has ended: {self._fault!r}. Start the worker again.")
        refusal.__cause__ = self._fault
        return refusal

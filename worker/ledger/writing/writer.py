"""The one thread that writes. Callers share its commits, so that no command pays for a whole one."""

import time
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Event, Lock, Thread
from typing import Protocol

from worker.errors import LedgerUnavailable
from worker.ledger.operations.unit import Asked, Bulk, Given
from worker.ledger.writing.inbox import Inbox
from worker.ledger.writing.tickets import AnyTicket, Ticket, TicketKey

#: The least time between two commits. A writer that was idle answers at once; a busy one waits this long, which no
#: caller notices beside its provider call, and saves a third of the CPU time at some hundred commands a second.
_BREATH_SECONDS = 0.001


#: How often a writer with nothing to write looks whether a database that was away is back.
_AWAY_TICK_SECONDS = 1.0


class Settling(Protocol):
    """What becomes of the batches: `Commits`."""

    @property
    def away(self) -> bool:
        """Whether the database could not be used the last time."""

    def settle(self, batch: Sequence[AnyTicket]) -> None:
        """Answer every ticket; what is raised ends the writer."""

    def leave(self) -> None:
        """Say goodbye; nothing is settled afterwards."""


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

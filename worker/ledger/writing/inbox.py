"""Where callers lay their tickets, and where the writer picks up a batch."""

import time
from queue import Empty, SimpleQueue
from threading import Event

from worker.ledger.writing.tickets import AnyTicket, TicketKey

#: Far above the number of callers there ever are; it bounds a statement's parameters.
BATCH_LIMIT = 500


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
        """Whether nothing is left to take, as far as the taking thread knows."""
        return not self._kept and self._queue.empty()

    def take(self, wait_seconds: float, gather_until: float = 0.0) -> list[AnyTicket]:
        """Wait for a ticket, then give all there are, up to the limit; none when none came or somebody woke us.

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

"""Hands an operation from its caller to the writer, and the answer back. A future, without what a future costs."""

from threading import Lock
from typing import Any, Generic, cast

from worker.errors import LedgerError, LedgerUnavailable
from worker.ledger.operations.unit import Asked, Bulk, Given


class _Unanswered:
    """What lies there before the answer, which may be anything."""


_UNANSWERED = _Unanswered()
#: What no two tickets of one batch may have in common; None where an operation is about no single key.
TicketKey = tuple[str, str] | None


class Ticket(Generic[Asked, Given]):
    """One operation and the place where its answer will lie.

    Exactly one thread takes it: the writer, to answer it, or its own caller, to give up.
    """

    __slots__ = ("_answer", "_open", "_untaken", "bulk", "item", "key")

    def __init__(self, bulk: Bulk[Asked, Given], item: Asked, key: TicketKey) -> None:
        self.bulk = bulk
        self.item = item
        self.key = key
        self._answer: Given | LedgerError | _Unanswered = _UNANSWERED
        # Two bare locks, because thousands of these are made each second: the first is there to be taken once, the
        # second is held from the beginning and let go when the answer is there.
        self._untaken = Lock()
        self._open = Lock()
        self._open.acquire()

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its answer."""
        # Not by the lock: the caller that waited for it holds it again.
        return self._answer is _UNANSWERED

    def take(self) -> bool:
        """Claim the right to answer; False when the caller has given up."""
        return self._untaken.acquire(blocking=False)

    def answer(self, answer: Given | LedgerError) -> None:
        """Give the answer, once; an error is raised to the caller."""
        self._answer = answer
        self._open.release()

    def result(self, seconds: float) -> Given:
        """Wait for the answer. Raises what was answered, or LedgerUnavailable when the writer never came to it.

        An operation that the writer has begun is waited for once more as long: only if the database hangs in the middle
        of a commit it is left open whether this one was written.
        """
        if not self._open.acquire(timeout=seconds):
            if self.take():
                raise LedgerUnavailable(f"The ledger did not come to this within {seconds:g} s; nothing was written.")
            if not self._open.acquire(timeout=seconds):
                raise LedgerUnavailable(f"The ledger's commit hangs for more than {seconds:g} s; it may yet end well.")
        if isinstance(self._answer, LedgerError):
            raise self._answer
        return cast("Given", self._answer)


#: A ticket of any kind: a batch holds many kinds.
AnyTicket = Ticket[Any, Any]

"""Hands an operation from its caller to the writer, and the answer back."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic

from worker.errors import LedgerError, LedgerUnavailable
from worker.ledger.operations.unit import Asked, Bulk, Given

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


def wait_for(future: "Future[Given]", seconds: float) -> Given:
    """Wait for an answer. Raises what was answered, or LedgerUnavailable when the writer never came to it.

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


#: A ticket of any kind: a batch holds many kinds.
AnyTicket = Ticket[Any, Any]

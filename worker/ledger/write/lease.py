"""How long this process may rely on owning what it claimed. Kept in memory, because it is asked before every write."""

from dataclasses import dataclass

from worker.domain.ports import Clock
from worker.errors import LedgerUnavailable


class Deposed(LedgerUnavailable):
    """The lease ran out and another process took over; this one may not claim nor write anything any more."""


@dataclass(frozen=True, slots=True)
class Term:
    """One span of the lease: its end by our own two clocks, in epoch and in monotonic seconds."""

    until: float
    monotonic_until: float


class Lease:
    """Renewed by the writer, asked by everybody.

    A term counts from before its commit began, so that it never lasts longer here than it does in the database.
    """

    def __init__(self, owner: str, seconds: float, clock: Clock) -> None:
        self.owner = owner
        self.seconds = seconds
        self._clock = clock
        self._term = Term(0.0, float("-inf"))

    @property
    def renewal_seconds(self) -> float:
        """How long after a renewal the next one is due: two of three may fail."""
        return self.seconds / 3

    def next_term(self) -> Term:
        """Name the term that a renewal which begins now would give."""
        return Term(self._clock.now() + self.seconds, self._clock.monotonic() + self.seconds)

    def grant(self, term: Term) -> None:
        """Begin a term: it is committed."""
        self._term = term

    def end(self) -> None:
        """Hold no more."""
        self._term = Term(0.0, float("-inf"))

    def is_due(self) -> bool:
        """Whether it is time to renew."""
        elapsed = self.seconds - (self._term.monotonic_until - self._clock.monotonic())
        return elapsed >= self.renewal_seconds or not self.holds()

    def holds(self) -> bool:
        """Whether the term runs, by both clocks: the monotonic one may stand still while the machine is suspended.

        The last tenth counts as over, for what is sent right after the question.
        """
        term, margin = self._term, self.seconds / 10
        return self._clock.monotonic() < term.monotonic_until - margin and self._clock.now() < term.until - margin

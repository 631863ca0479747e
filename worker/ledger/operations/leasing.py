"""Who is at work, and until when everybody may rely on it. All of the owners' times are those of `Store.now`.

How long this process may rely on owning what it claimed is kept in memory, because it is asked before every write.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, true, update

from worker.domain.ports import Clock
from worker.errors import LedgerUnavailable
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import owners

_IS_OWNER = owners.c.owner == bindparam("name")
_START = insert(owners)
_RENEW = update(owners).where(_IS_OWNER, owners.c.stopped_at.is_(None)).values(lease_until=bindparam("until"))
_STOP = update(owners).where(_IS_OWNER, owners.c.stopped_at.is_(None)).values(stopped_at=bindparam("now"))
# Decided by the row itself at the moment of the change: a renewal that comes first makes this change nothing.
_DEPOSE = _STOP.where(owners.c.lease_until <= bindparam("now")).values(died=true())
_STOPPED = select(owners.c.owner).where(
    owners.c.owner.in_(bindparam("names", expanding=True)), owners.c.stopped_at.is_not(None), ~owners.c.died
)
# Who lives renews it in time; who is dead would otherwise look alive until a clock that was set back has caught up.
_SHORTEN = (
    update(owners).where(_IS_OWNER, owners.c.lease_until > bindparam("until")).values(lease_until=bindparam("until"))
)
_LIVING = select(owners.c.owner, owners.c.lease_until).where(
    owners.c.owner.in_(bindparam("names", expanding=True)), owners.c.stopped_at.is_(None)
)


def start(connection: Connection, owner: str, host: str, pid: int, started_at: float, lease_until: float) -> None:
    """Enter a new owner, with its lease's first end."""
    values = {"owner": owner, "host": host, "pid": pid, "started_at": started_at, "lease_until": lease_until}
    connection.execute(_START, values)


def renew(connection: Connection, owner: str, until: float) -> bool:
    """Prolong the lease, also one that has run out; False once another process has declared this owner dead."""
    return connection.execute(_RENEW, {"name": owner, "until": until}).rowcount == 1


def stop(connection: Connection, owner: str, now: float) -> None:
    """Give up the lease: others may take at once what was not begun."""
    connection.execute(_STOP, {"name": owner, "now": now})


def living(unit: Unit, names: AbstractSet[str]) -> dict[str, float]:
    """Return the ends (epoch seconds, this machine's clock) of these owners' running leases, this process's left out.

    An owner whose lease has run out is declared dead here, in the transaction that takes its commands over: when it
    wakes up it cannot renew its lease any more. A lease of the future is cut to the longest there can be.
    """
    others = sorted(names - {unit.owner})
    if unit.sole or not others:
        return {}
    now = unit.lease_now()
    unit.connection.execute(_DEPOSE, [{"name": name, "now": now} for name in others])
    longest = now + unit.lease_seconds
    left = {row.owner: row.lease_until for row in unit.connection.execute(_LIVING, {"names": others})}
    for name in [name for name, until in left.items() if until > longest]:
        unit.connection.execute(_SHORTEN, {"name": name, "until": longest})
    return {name: unit.now + (min(until, longest) - now) for name, until in left.items()}


def stopped(unit: Unit, names: AbstractSet[str]) -> set[str]:
    """Return which of these owners stopped in order: what they left behind did not end them. Ask it after `living`.

    All others have died, or live and are those of `living`.
    """
    others = sorted(names - {unit.owner})
    return set(unit.connection.execute(_STOPPED, {"names": others}).scalars()) if others else set()


class Deposed(LedgerUnavailable):
    """The lease ran out and another process took over; this one may not claim nor write anything any more."""


@dataclass(frozen=True, slots=True)
class Term:
    """One span of the lease: its end by our own two clocks, in epoch and in monotonic seconds."""

    until: float
    monotonic_until: float


class Lease:
    """This process's lease: the writer renews it, any thread may ask whether it still runs.

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
        """End the lease: this process owns no commands any more."""
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

"""Counts what a ledger holds, beside a running worker and without changing anything."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from worker.domain.identity import CommandKey
from worker.domain.ports import Clock
from worker.ledger.faults import translated
from worker.ledger.migrations.migrate import check_schema
from worker.ledger.migrations.revision import revision_of
from worker.ledger.operations.rows import key_of
from worker.ledger.pruning.pruner import SECONDS_PER_DAY
from worker.ledger.pruning.rule import Prunable, count_prunable
from worker.ledger.schema import commands, owners, parked, refusals
from worker.ledger.stores.opening import open_reading
from worker.ledger.stores.store import Size


@dataclass(frozen=True, slots=True)
class CommandCount:
    """How many commands are in one state (claimed, waiting, done, dead); `reason` is that of the dead."""

    state: str
    type: str
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How many messages were refused before they took a key, for one reason."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class ParkedCount:
    """How many commands wait in the ledger for their turn; the first of them since then (epoch seconds)."""

    count: int
    since: float | None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The command that waits longest; `since` is when it was first claimed (epoch seconds)."""

    key: CommandKey
    type: str
    state: str
    since: float


@dataclass(frozen=True, slots=True)
class Owner:
    """A worker process that has not said that it stopped; times are epoch seconds.

    `holding`: the unfinished commands that are its own. `parked`: what waits in the ledger for it to run, some of it
    begun before and so counted in both.
    """

    owner: str
    host: str
    pid: int
    started_at: float
    lease_until: float
    holding: int
    parked: int


@dataclass(frozen=True, slots=True)
class LedgerStats:
    """What one look at a ledger saw; times are epoch seconds. A worker that is at work changes it meanwhile."""

    name: str
    seen_at: float
    schema: str
    size: Size
    commands: tuple[CommandCount, ...]
    refusals: tuple[RefusalCount, ...]
    parked: ParkedCount
    oldest_unfinished: Unfinished | None
    newest_finished: float | None
    prunable: Prunable
    owners: tuple[Owner, ...]


_COUNTED = commands.c.state, commands.c.type, commands.c.letter_reason
_COMMANDS = select(*_COUNTED, func.count().label("rows")).group_by(*_COUNTED).order_by(*_COUNTED)
_REFUSALS = (
    select(refusals.c.letter_reason, func.count().label("rows"))
    .group_by(refusals.c.letter_reason)
    .order_by(refusals.c.letter_reason)
)
_PARKED = select(func.count(), func.min(parked.c.parked_at)).select_from(parked)
_OLDEST = (
    select(commands)
    .where(commands.c.finished_at.is_(None))
    .order_by(commands.c.first_seen_at, commands.c.arrival)
    .limit(1)
)
_NEWEST = select(func.max(commands.c.finished_at)).where(commands.c.finished_at.is_not(None))
_HELD = (
    select(func.count())
    .where(commands.c.owner == owners.c.owner, commands.c.finished_at.is_(None))
    .scalar_subquery()
    .label("holding")
)
_KEPT = select(func.count()).where(parked.c.owner == owners.c.owner).scalar_subquery().label("parked")
_OWNERS = select(owners, _HELD, _KEPT).where(owners.c.stopped_at.is_(None)).order_by(owners.c.started_at)


def read_stats(url: str, keep_days: float, clock: Clock) -> LedgerStats:
    """Count; `keep_days` is what pruning would go by. A ledger of millions of commands takes seconds.

    Raises LedgerUnavailable when there is none (it is never made) or it cannot be reached, LedgerRefused when its
    schema is another than ours.
    """
    store = open_reading(url)
    with translated(store):
        check_schema(store.engine)
        with store.engine.connect() as connection:
            # By the leases' own clock: whose has ended is read from it.
            now = store.now(connection, clock)
            return LedgerStats(
                name=store.name,
                seen_at=now,
                schema=revision_of(connection) or "",
                size=store.measure(connection),
                commands=_commands(connection),
                refusals=tuple(RefusalCount(row.letter_reason, row.rows) for row in connection.execute(_REFUSALS)),
                parked=_parked(connection),
                oldest_unfinished=_oldest(connection),
                newest_finished=connection.execute(_NEWEST).scalar_one(),
                prunable=count_prunable(connection, now - keep_days * SECONDS_PER_DAY),
                owners=_owners(connection, now - store.now(connection, clock)),
            )


def _commands(connection: Connection) -> tuple[CommandCount, ...]:
    rows = connection.execute(_COMMANDS)
    return tuple(CommandCount(row.state, row.type, row.letter_reason, row.rows) for row in rows)


def _parked(connection: Connection) -> ParkedCount:
    return ParkedCount(*connection.execute(_PARKED).one())


def _oldest(connection: Connection) -> Unfinished | None:
    row = connection.execute(_OLDEST).one_or_none()
    return None if row is None else Unfinished(key_of(row), row.type, row.state, row.first_seen_at)


def _owners(connection: Connection, ahead: float) -> tuple[Owner, ...]:
    """Measured by our own clock, which is `ahead` seconds ahead of the one that their times were written by."""
    rows = connection.execute(_OWNERS)
    return tuple(
        Owner(row.owner, row.host, row.pid, row.started_at + ahead, row.lease_until + ahead, row.holding, row.parked)
        for row in rows
    )

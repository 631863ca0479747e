"""Reads all that is known of one command, beside a running worker and without its lock."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from sqlalchemy import BindParameter, Connection, Select, bindparam, func, select

from worker.domain.claims import History
from worker.domain.dead_letters import DeadLetter
from worker.domain.endings import Refusal
from worker.domain.identity import CommandKey
from worker.domain.result_events import StoredEvent
from worker.ledger.faults import translated
from worker.ledger.migrations.migrate import check_schema
from worker.ledger.operations.pauses import Pause, read_pauses
from worker.ledger.operations.recording import refusal_of
from worker.ledger.operations.rows import StoredRow, dead_letter_of, event_of, history_of, key_of
from worker.ledger.schema import commands, failed_attempts, parked, parked_lanes, refusals
from worker.ledger.stores.opening import open_reading
from worker.ledger.stores.store import Store


@dataclass(frozen=True, slots=True)
class ParkedRecord:
    """A message with this command's id that waits in the ledger; `since` is epoch seconds.

    `ahead`: how many that are parked come before it, because they share a lane with it. `first`: the one of them that
    comes first of all, None where that could not be named.
    """

    key: CommandKey
    position: int
    since: float
    ahead: int
    first: CommandKey | None


_PARKED = select(parked).where(parked.c.command_id == bindparam("id")).order_by(parked.c.position)
_OWN_LANES = select(parked_lanes.c.lane).where(parked_lanes.c.position == bindparam("own"))
_AHEAD = select(func.count(parked_lanes.c.position.distinct()), func.min(parked_lanes.c.position)).where(
    parked_lanes.c.lane.in_(_OWN_LANES), parked_lanes.c.position < bindparam("own")
)
_NAMED = select(parked.c.command_source, parked.c.command_id).where(parked.c.position == bindparam("position"))


def read_parked(connection: Connection, command_id: str) -> tuple[ParkedRecord, ...]:
    """Read all that is parked under that id, in the order of the positions."""
    rows: Iterable[StoredRow] = connection.execute(_PARKED, {"id": command_id}).all()
    return tuple(_parked_record(connection, row) for row in rows)


def _parked_record(connection: Connection, row: StoredRow) -> ParkedRecord:
    ahead, first = connection.execute(_AHEAD, {"own": row.position}).one()
    named = connection.execute(_NAMED, {"position": first}).one_or_none() if ahead else None
    return ParkedRecord(
        key=CommandKey(row.command_source, row.command_id),
        position=row.position,
        since=row.parked_at,
        ahead=ahead,
        first=None if named is None or named.command_id is None else CommandKey(named.command_source, named.command_id),
    )


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt that failed and was to be repeated; `at` is epoch seconds."""

    number: int
    at: float
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One command as the ledger knows it. `state` is claimed, waiting, done or dead; times are epoch seconds.

    `arrival` counts up in the order in which commands were first claimed. `outcome` is what the stored event of a
    success says (`applied`, `already_applied`); None for every other command.
    """

    key: CommandKey
    arrival: int
    type: str
    subject: str | None
    username: str | None
    lanes: tuple[str, ...]
    generation: int
    state: str
    outcome: str | None
    owner: str
    history: History
    not_before: float | None
    crashes: int
    event: StoredEvent | None
    dead_letter: DeadLetter | None
    first_seen_at: float
    finished_at: float | None
    failed_attempts: tuple[FailedAttempt, ...]


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A message that named this command and was refused before it took its key; `at` is epoch seconds."""

    refusal: Refusal
    at: float


@dataclass(frozen=True, slots=True)
class CommandRecords:
    """All that is known of a command's id: one command for each source that used it, what was refused, what waits."""

    commands: tuple[CommandRecord, ...]
    refusals: tuple[RefusedRecord, ...]
    parked: tuple[ParkedRecord, ...] = ()


_BY_ID: BindParameter[str] = bindparam("id")
_COMMANDS = select(commands).where(commands.c.id == _BY_ID).order_by(commands.c.arrival)
_ATTEMPTS = select(failed_attempts).where(failed_attempts.c.command_id == _BY_ID).order_by(failed_attempts.c.position)
_REFUSALS = select(refusals).where(refusals.c.command_id == _BY_ID).order_by(refusals.c.at)


class LedgerReader:
    """Looks, and changes nothing. Each question raises LedgerUnavailable when the database cannot be read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def name(self) -> str:
        """The ledger's name for people, without secrets."""
        return self._store.name

    def records(self, command_id: str) -> CommandRecords:
        """Return all that is known of that id; of an id that was never seen nothing is."""
        with self._reading() as connection:
            found = _rows(connection, _COMMANDS, command_id)
            tried = _rows(connection, _ATTEMPTS, command_id)
            refused = _rows(connection, _REFUSALS, command_id)
            waiting = read_parked(connection, command_id)
        return CommandRecords(
            tuple(_command(row, tried) for row in found),
            tuple(RefusedRecord(refusal_of(row), row.at) for row in refused),
            waiting,
        )

    def pauses(self) -> list[Pause]:
        """Return what is paused now, the oldest first."""
        with self._reading() as connection:
            return read_pauses(connection)

    def close(self) -> None:
        """Let go of the database."""
        self._store.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._store), self._store.engine.connect() as connection:
            yield connection


def open_reader(url: str) -> LedgerReader:
    """Open a ledger for looking.

    Raises LedgerUnavailable when there is none (it is never made) or it cannot be reached, LedgerRefused when its
    schema is another than ours.
    """
    store = open_reading(url)
    with translated(store):
        check_schema(store.engine)
    return LedgerReader(store)


def _rows(connection: Connection, question: Select[*tuple[object, ...]], command_id: str) -> list[StoredRow]:
    return list(connection.execute(question, {"id": command_id}))


def _command(row: StoredRow, tried: list[StoredRow]) -> CommandRecord:
    return CommandRecord(
        key=key_of(row),
        arrival=row.arrival,
        type=row.type,
        subject=row.subject,
        username=row.username,
        lanes=tuple(json.loads(row.lanes)),
        generation=row.generation,
        state=row.state,
        outcome=None if row.event_id is None else _outcome(event_of(row)),
        owner=row.owner,
        history=history_of(row),
        not_before=row.not_before,
        crashes=row.crashes,
        event=None if row.event_id is None else event_of(row),
        dead_letter=None if row.letter_id is None else dead_letter_of(row),
        first_seen_at=row.first_seen_at,
        finished_at=row.finished_at,
        failed_attempts=tuple(
            FailedAttempt(each.number, each.at, each.cause, each.detail)
            for each in tried
            if each.command_source == row.source
        ),
    )


def _outcome(event: StoredEvent) -> str | None:
    data = json.loads(event.body).get("data", {})
    return data.get("outcome") if isinstance(data, dict) else None

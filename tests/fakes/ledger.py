"""A ledger in memory, with the rules of the real one. The contract suite runs on both."""

from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock

from tests.fakes.answers import answered
from tests.fakes.clock import FakeClock
from tests.fakes.rows import FakeParked, FakeReading, FakeRow
from worker.domain.claims import (
    LOOK_AGAIN_SECONDS,
    MOST_CRASHES,
    Claim,
    ClaimRequest,
    Conflict,
    Crashed,
    Dead,
    Done,
    Fresh,
    Held,
    History,
    MarkedReading,
    Quarantined,
    Resumed,
    Token,
)
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.identity import CommandKey
from worker.domain.retry_policy import LONGEST_PAUSE_SECONDS
from worker.domain.texts.comparison import spellings
from worker.errors import ClaimLost, LedgerUnavailable
from worker.ledger.operations.pauses import Pause

LEASE_SECONDS = 15.0
TURN_SECONDS = 0.2


@dataclass(slots=True)
class FakeStorage:
    """What outlives a process: leases of the living, the last ones of all, and when who stopped (epoch seconds)."""

    rows: dict[CommandKey, FakeRow] = field(default_factory=dict)
    refusals: dict[str, Refusal] = field(default_factory=dict)
    leases: dict[str, float] = field(default_factory=dict)
    last_leases: dict[str, float] = field(default_factory=dict)
    stopped: dict[str, float] = field(default_factory=dict)
    readings: dict[bytes, FakeReading] = field(default_factory=dict)
    pauses: dict[tuple[str, str], Pause] = field(default_factory=dict)
    parked: dict[int, FakeParked] = field(default_factory=dict)
    positions: "count[int]" = field(default_factory=lambda: count(1))
    names: "count[int]" = field(default_factory=lambda: count(1))
    lock: Lock = field(default_factory=Lock)


class FakeLedger:
    """One process's view of a storage. Set `broken` to have every call raise LedgerUnavailable."""

    def __init__(self, clock: FakeClock, storage: FakeStorage | None = None, settle_seconds: float = 10.0) -> None:
        self.storage = storage if storage is not None else FakeStorage()
        self.broken = False
        self.owner = f"owner-{next(self.storage.names)}"
        self.clock = clock
        self._settle_seconds = settle_seconds
        self.renew()

    def renew(self) -> None:
        """Hold the lease for its full time again."""
        self.storage.leases[self.owner] = self.clock.now() + LEASE_SECONDS
        self.storage.last_leases[self.owner] = self.storage.leases[self.owner]

    def stop(self) -> None:
        """Stop in order."""
        self.storage.leases.pop(self.owner, None)
        self.storage.stopped[self.owner] = self.clock.now()

    def die(self) -> None:
        """End without a word; in a SQLite ledger nobody would wait for the lease."""
        self.storage.leases.pop(self.owner, None)

    def row(self, key: CommandKey) -> FakeRow:
        """Look at a command."""
        return self.storage.rows[key]

    def claim_soon(self, request: ClaimRequest) -> "Future[Claim]":
        """As `claim`, answered at once."""
        return answered(self.claim, request)

    def record_soon(self, token: Token, ending: Ending) -> "Future[None]":
        """As `record`, answered at once."""
        return answered(self.record, token, ending)

    def defer_soon(self, token: Token, deferral: Deferral) -> "Future[None]":
        """As `defer`, answered at once."""
        return answered(self.defer, token, deferral)

    def refuse_soon(self, refusal: Refusal) -> "Future[Refusal]":
        """As `refuse`, answered at once."""
        return answered(self.refuse, refusal)

    def claim(self, request: ClaimRequest) -> Claim:
        """Take the command, or learn what became of it."""
        with self.working():
            row = self.storage.rows.get(request.key)
            if row is not None and row.request.fingerprints[0] not in request.fingerprints:
                return Conflict()
            if row is not None and row.ending is not None:
                return _claim_of(row.ending)
            wait = self._wait_behind(request)
            if wait:
                return Held(self.clock.now() + wait)
            return self._first(request) if row is None else self._unfinished(request, row)

    def record(self, token: Token, ending: Ending) -> None:
        """Write down how it ended."""
        with self.working():
            row = self._held(token)
            if row.ending is not None and row.ending.event.id != ending.event.id:
                raise ClaimLost(token.key.id)
            if row.ending is None:
                history = replace(ending.history, note=row.history.note)
                changed = replace(row, ending=ending, history=history, running=False)
                self.storage.rows[token.key] = changed

    def defer(self, token: Token, deferral: Deferral) -> None:
        """Write down a failed attempt."""
        with self.working():
            row = self._held(token)
            if row.ending is not None:
                raise ClaimLost(token.key.id)
            self.storage.rows[token.key] = replace(
                row,
                history=replace(deferral.history, note=row.history.note),
                running=False,
                not_before=deferral.not_before,
                failed_attempts=(*row.failed_attempts, deferral),
                alone=False,
            )

    def refuse(self, refusal: Refusal) -> Refusal:
        """Keep the first refusal of its ids."""
        with self.working():
            kept = self.storage.refusals
            first = next((kept[id_] for id_ in refusal.older_ids if id_ in kept), refusal)
            return kept.setdefault(refusal.id, first)

    def other_create(self, username: str, token: Token) -> bool:
        """Whether another CreateCustomer of that username was ever claimed."""
        with self.working():
            return any(
                key != token.key and row.request.type == "CreateCustomer" and _is_named(row.request, username)
                for key, row in self.storage.rows.items()
            )

    def later_applied(self, username: str, token: Token) -> bool:
        """Whether a command about that customer which arrived after the token's own has been applied."""
        with self.working():
            arrivals = list(self.storage.rows)
            later = arrivals[arrivals.index(token.key) + 1 :] if token.key in arrivals else []
            return any(_is_applied(row, username) for row in map(self.storage.rows.__getitem__, later))

    def note(self, token: Token, note: str) -> None:
        """Write down what the next attempt must know."""
        with self.working():
            row = self._held(token)
            if row.ending is not None:
                raise ClaimLost(token.key.id)
            self.storage.rows[token.key] = replace(row, history=replace(row.history, note=note))

    def last_death(self) -> float | None:
        """About when another process died, if none stopped in order since then."""
        with self.working():
            stopped = self.storage.stopped
            died = {name: at for name, at in self.storage.last_leases.items() if name not in {*stopped, self.owner}}
            last = max(died.values(), default=0.0)
            return last if last > max(stopped.values(), default=0.0) else None

    def begin_reading(self, mark: bytes) -> MarkedReading | Held:
        """Mark this message alone."""
        with self.working():
            self._unmark()
            before = self.storage.readings.get(mark, FakeReading(None))
            lease_until = self.storage.leases.get(before.owner or "", 0.0)
            if lease_until > self.clock.now():
                return Held(lease_until)
            died = before.owner is not None and before.owner not in self.storage.stopped
            self.storage.readings[mark] = FakeReading(self.owner, before.crashes + died)
            return MarkedReading(before.crashes + died)

    def end_reading(self) -> None:
        """Take the mark away."""
        with self.working():
            self._unmark()

    def lease_holds(self) -> bool:
        """Whether our lease runs, its last tenth left out."""
        lease_until = self.storage.leases.get(self.owner, 0.0)
        return self.clock.now() < lease_until - LEASE_SECONDS / 10

    def save_pause(self, cause: str, scope: str, until: float | None, detail: str) -> None:
        """Begin a pause, or change its end; its beginning stays."""
        with self.working():
            older = self.storage.pauses.get((cause, scope))
            since = self.clock.now() if older is None else older.since
            self.storage.pauses[cause, scope] = Pause(cause, scope, since, until, detail)

    def clear_pause(self, cause: str, scope: str) -> None:
        """End a pause."""
        with self.working():
            self.storage.pauses.pop((cause, scope), None)

    def pauses(self) -> list[Pause]:
        """Return what is paused, the oldest first."""
        with self.working():
            return sorted(self.storage.pauses.values(), key=lambda pause: (pause.since, pause.cause, pause.scope))

    def working(self) -> Lock:
        """Guard one call on the storage; raises LedgerUnavailable while it is broken."""
        if self.broken:
            raise LedgerUnavailable("The fake ledger was told to be broken.")
        return self.storage.lock

    def _wait_behind(self, request: ClaimRequest) -> float:
        own = request.position
        in_front = [each for at, each in sorted(self.storage.parked.items()) if own is None or at < own]
        lanes = [[each.owner for each in in_front if lane in each.place.lanes] for lane in request.lanes]
        firsts = {owners[0] for owners in lanes if owners}
        if not firsts:
            return 0.0
        return TURN_SECONDS if firsts == {self.owner} else LOOK_AGAIN_SECONDS

    def _first(self, request: ClaimRequest) -> Claim:
        token = self._new_token(request.key)
        self.storage.rows[request.key] = FakeRow(request, self.owner, token.value, History())
        return Resumed(token, History()) if request.redelivered else Fresh(token, History())

    def _unfinished(self, request: ClaimRequest, row: FakeRow) -> Claim:
        key = request.key
        if row.owner != self.owner and row.running:
            lease_until = self.storage.leases.get(row.owner, 0.0)
            if lease_until > self.clock.now():
                return Held(min(lease_until, self.clock.now() + LOOK_AGAIN_SECONDS))
            self.storage.leases.pop(row.owner, None)
            row = self._wait_for_the_dead(key, row)
        if row.not_before > self.clock.now():
            return self._wait_on(key, row)
        if row.crashes >= MOST_CRASHES:
            taken = self._again(key, row)
            return Crashed(taken.token, taken.history, row.crashes)
        return Quarantined(row.crashes) if row.alone and not request.alone else self._again(key, row)

    def _wait_on(self, key: CommandKey, row: FakeRow) -> Held:
        now = self.clock.now()
        failed_at = row.history.provisional_at
        asked = row.not_before - failed_at if failed_at is not None else LONGEST_PAUSE_SECONDS
        longest = self._settle_seconds if row.alone else max(self._settle_seconds, min(asked, LONGEST_PAUSE_SECONDS))
        if row.not_before - now > longest:
            failed_at = None if failed_at is None else now
            history = replace(row.history, provisional_at=failed_at)
            row = self.storage.rows[key] = replace(row, not_before=now + longest, history=history)
        return Held(row.not_before)

    def _wait_for_the_dead(self, key: CommandKey, row: FakeRow) -> FakeRow:
        until = self.clock.now() + self._settle_seconds
        token = self._new_token(key).value
        died = row.owner not in self.storage.stopped
        waiting = replace(
            row,
            owner=self.owner,
            token=token,
            running=False,
            not_before=until,
            history=replace(row.history, begun=True),
            alone=died or row.alone,
            crashes=row.crashes + (died and row.alone),
        )
        self.storage.rows[key] = waiting
        return waiting

    def _again(self, key: CommandKey, row: FakeRow) -> Resumed:
        token = self._new_token(key)
        failed_at = row.history.provisional_at
        dated = None if failed_at is None else min(failed_at, self.clock.now())
        history = replace(row.history, begun=row.history.begun or row.running, provisional_at=dated)
        self.storage.rows[key] = replace(row, owner=self.owner, token=token.value, running=True, not_before=0.0)
        return Resumed(token, history)

    def _unmark(self) -> None:
        readings = self.storage.readings
        for mark in [mark for mark, reading in readings.items() if reading.owner == self.owner]:
            readings[mark] = replace(readings[mark], owner=None)

    def _held(self, token: Token) -> FakeRow:
        row = self.storage.rows[token.key]
        if row.token != token.value:
            raise ClaimLost(token.key.id)
        return row

    def _new_token(self, key: CommandKey) -> Token:
        return Token(key, f"{self.owner}:{next(self.storage.names)}")


def _claim_of(ending: Ending) -> Done | Dead:
    return Done(ending.event) if ending.dead_letter is None else Dead(ending.event, ending.dead_letter)


def _is_applied(row: FakeRow, username: str) -> bool:
    applied = row.ending is not None and row.ending.dead_letter is None
    return applied and row.request.type != "RetrieveCustomers" and _is_named(row.request, username)


def _is_named(request: ClaimRequest, username: str) -> bool:
    names = {spelling.lower() for spelling in spellings(username)}
    return request.username is not None and request.username.lower() in names

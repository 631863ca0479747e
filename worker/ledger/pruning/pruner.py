"""Goes through the old rows in small commits, with a rest after each; in a running worker by itself, once an hour."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from worker.domain.ports import Clock
from worker.domain.telemetry import Emit, LedgerPruned, LedgerPruneFailed, LedgerTimed
from worker.errors import LedgerError
from worker.ledger.config import LedgerOperation
from worker.ledger.faults import translated
from worker.ledger.pruning.rule import Batch, Place, forget_commands, forget_owners, forget_refusals
from worker.ledger.stores.store import Store
from worker.ledger.stores.verdicts import FaultVerdict
from worker.lifecycle import RepeatingPart

SECONDS_PER_DAY = 86_400.0
#: After each commit the pruner rests this many times as long as it took, and at least so many seconds.
_REST_SHARE = 4.0
_LEAST_REST_SECONDS = 0.1
#: How often in a row a commit that found the database busy is tried again, and the rest before each.
_PATIENCE = 5
_BUSY_REST_SECONDS = 1.0

#: Waits so many seconds; True when it must stop instead, as `threading.Event.wait` does.
Rest = Callable[[float], bool]
_Forget = Callable[[Connection, float, Place | None], Batch]


class PrunedElsewhere(LedgerError):
    """Another process prunes this ledger now."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows a run forgot; `whole` is False when it had to stop before the end."""

    commands: int
    refusals: int
    whole: bool


class Pruner:
    """Prunes one ledger on a connection of its own, so that the worker's writer never stands in line behind it."""

    def __init__(self, store: Store, clock: Clock, emit: Emit) -> None:
        self._store = store
        self._clock = clock
        self._emit = emit

    def prune(self, days: float, rest: Rest) -> Pruned:
        """Forget what ended more than so many days ago (see `pruning.rule`), until all is done or `rest` says stop.

        Raises PrunedElsewhere when another process is met at it, LedgerUnavailable when the database is away; what was
        committed by then stays forgotten.
        """
        before = self._clock.now() - days * SECONDS_PER_DAY
        with translated(self._store), self._store.engine.connect() as connection:
            walk = _Walk(connection, before, rest)
            commands = self._through(walk, forget_commands)
            refusals = self._through(walk, forget_refusals)
            self._through(walk, forget_owners)
        return Pruned(commands, refusals, whole=not walk.stopped)

    def _through(self, walk: "_Walk", forget: _Forget) -> int:
        forgotten, reached = 0, None
        while not walk.stopped:
            started = self._clock.monotonic()
            batch = self._patiently(walk, forget, reached)
            seconds = self._clock.monotonic() - started
            forgotten += batch.forgotten
            if batch.reached is None:
                break
            reached = batch.reached
            walk.pause(max(_LEAST_REST_SECONDS, seconds * _REST_SHARE))
        return forgotten

    def _patiently(self, walk: "_Walk", forget: _Forget, reached: Place | None) -> Batch:
        for _ in range(_PATIENCE):
            try:
                return self._commit(walk, forget, reached)
            except DBAPIError as exc:
                if walk.stopped or exc.connection_invalidated or self._store.judge(exc) is not FaultVerdict.PASSES:
                    raise
                walk.pause(_BUSY_REST_SECONDS)
        return self._commit(walk, forget, reached)

    def _commit(self, walk: "_Walk", forget: _Forget, reached: Place | None) -> Batch:
        started = self._clock.monotonic()
        try:
            self._store.check()
            with walk.connection.begin():
                # Anew for each commit: a pooler may hand each of them to another session of the server.
                if not self._store.may_prune(walk.connection):
                    raise PrunedElsewhere(f"Another process prunes the ledger {self._store.name} now. Try again later.")
                return forget(walk.connection, walk.before, reached)
        finally:
            self._emit(LedgerTimed(LedgerOperation.PRUNE, self._clock.monotonic() - started))


@dataclass(slots=True)
class _Walk:
    """One run: on which connection, up to what time, and whether it must stop."""

    connection: Connection
    before: float
    rest: Rest
    stopped: bool = False

    def pause(self, seconds: float) -> None:
        """Rest, or hear that it is over."""
        self.stopped = self.rest(seconds) or self.stopped


@dataclass(frozen=True, slots=True)
class Schedule:
    """Seconds from the start to the first run, and from the end of each run to the next one.

    The first comes soon, because a worker that is started anew each hour must prune too.
    """

    first_seconds: float = 5.0
    every_seconds: float = 3600.0


class HourlyPruning(RepeatingPart):
    """Prunes once an hour. A failed run is logged and repeated an hour later: a ledger that grows stops no command."""

    def __init__(self, prune: Callable[[Rest], Pruned], emit: Emit, schedule: Schedule | None = None) -> None:
        schedule = schedule or Schedule()
        super().__init__("ledger-prune", schedule.every_seconds, schedule.first_seconds)
        self._prune = prune
        self._emit = emit

    def look(self) -> None:
        """Prune once; a stop ends it after the commit that is under way."""
        try:
            pruned = self._prune(self._stopping.wait)
        except PrunedElsewhere:
            # Another replica does the same work at this moment.
            return
        except LedgerError as exc:
            self._emit(LedgerPruneFailed(str(exc)))
        except Exception as exc:  # noqa: BLE001 - no fault of pruning may end the worker
            self._emit(LedgerPruneFailed(f"{type(exc).__name__}: {exc}"))
        else:
            if pruned.commands or pruned.refusals:
                self._emit(LedgerPruned(pruned.commands, pruned.refusals))

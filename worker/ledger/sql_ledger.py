"""The ledger in a database: the adapter behind the port `Ledger`."""

import os
import socket
from concurrent.futures import Future
from typing import Self, cast
from uuid import uuid4

from worker.domain.claims import Claim, ClaimRequest, Held, MarkedReading, Token
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.identity import CommandKey
from worker.domain.ports import Clock
from worker.domain.telemetry import Emit, LedgerTimed, discard_event
from worker.errors import LedgerError
from worker.ledger.config import LedgerConfig, LedgerIdentity, LedgerOperation, OnOutage
from worker.ledger.faults import translated
from worker.ledger.identity import settle_identity
from worker.ledger.keys import Cipher
from worker.ledger.migrations.migrate import check_schema, migrate
from worker.ledger.operations import leasing
from worker.ledger.operations.claiming import claim_many
from worker.ledger.operations.crash_marks import begin_reading, end_reading, last_death
from worker.ledger.operations.customer_history import later_applied, other_creates
from worker.ledger.operations.leasing import Lease
from worker.ledger.operations.pauses import Pause, clear_pauses, list_pauses, save_pauses
from worker.ledger.operations.recording import defer_many, note_many, record_many, refuse_many
from worker.ledger.operations.rows import storable
from worker.ledger.operations.transaction import Asked, Bulk, Given
from worker.ledger.parking_store import SqlParkingStore
from worker.ledger.pruning.pruner import Pruned, Pruner, Rest
from worker.ledger.stores.opening import open_store
from worker.ledger.stores.store import Store
from worker.ledger.write.commits import Commits
from worker.ledger.write.watchdog import Watchdog
from worker.ledger.write.writer import TicketKey, Writer, wait_for

# A ClaimLost among their answers becomes its caller's exception.
_RECORD = cast("Bulk[tuple[Token, Ending], None]", record_many)
_DEFER = cast("Bulk[tuple[Token, Deferral], None]", defer_many)


class SqlLedger:
    """Remembers every command in SQLite or PostgreSQL. Promises and errors are those of the port `Ledger`.

    One exception to "nothing was committed" is inherent: when the database hangs or breaks off in the middle of a
    commit, LedgerUnavailable leaves open whether it was written. Asking again is safe: this process may claim again
    what it holds, and the same ending may be recorded again with the same token.
    """

    def __init__(self, store: Store, config: LedgerConfig, clock: Clock, emit: Emit = discard_event) -> None:
        self._store = store
        self._deadline_seconds = config.deadline_seconds
        self._keep_days = config.keep_days
        self._clock = clock
        self._emit = emit
        self._lease = Lease(uuid4().hex, config.lease_seconds, clock)
        self._commits = Commits(store, self._lease, config, clock, emit)
        self._writer = Writer(self._commits, self._lease.renewal_seconds)
        self._watchdog = Watchdog(self._commits)

    @classmethod
    def open(cls, config: LedgerConfig, identity: LedgerIdentity, clock: Clock, emit: Emit = discard_event) -> Self:
        """Open the ledger and begin to work as a new owner. SQLite is made and brought up to date when needed.

        Raises LedgerRefused when another process has it, when it belongs to another worker, or its schema is not ours;
        LedgerUnavailable when it cannot be reached.
        """
        store = open_store(config.url)
        try:
            with translated(store):
                _prepare(store, identity)
                ledger = cls(store, config, clock, emit)
                ledger.start()
        except BaseException:
            store.release()
            raise
        return ledger

    def start(self) -> None:
        """Enter this process as an owner and let the writer run; `open` has done so already."""
        term = self._lease.next_term()
        host = storable(socket.gethostname())
        with self._store.engine.begin() as connection:
            now = self._store.now(connection, self._clock)
            leasing.start(connection, self._lease.owner, host, os.getpid(), now, now + self._lease.seconds)
        self._lease.grant(term)
        self._writer.start()
        self._watchdog.start()

    def watch(self, on_outage: OnOutage) -> None:
        """Report outages to this function from now on, also those that the watchdog alone notices."""
        self._commits.watch(on_outage)

    @property
    def alive(self) -> bool:
        """Whether the writer's thread runs. Once False it stays so: the worker must end."""
        return self._writer.alive

    @property
    def watchdog_alive(self) -> bool:
        """Whether the watchdog's thread runs: without it a database that stands still is not reported."""
        return self._watchdog.alive

    @property
    def fault(self) -> str | None:
        """Why the writer has ended by itself, in words for people; None when it has not."""
        fault = self._writer.fault
        if fault is None:
            return None
        return str(fault) if isinstance(fault, LedgerError) else f"The ledger's writer has failed: {fault!r}."

    def claim_soon(self, request: ClaimRequest) -> "Future[Claim]":
        """Take the command, or learn what became of it."""
        return self._submit(LedgerOperation.CLAIM, claim_many, request, _ticket_key(request.key))

    def record_soon(self, token: Token, ending: Ending) -> "Future[None]":
        """Write down how it ended; ClaimLost when the token is not the newest."""
        return self._submit(LedgerOperation.RECORD, _RECORD, (token, ending), _ticket_key(token.key))

    def defer_soon(self, token: Token, deferral: Deferral) -> "Future[None]":
        """Write down a failed attempt; the process keeps the command. ClaimLost when the token is not the newest."""
        return self._submit(LedgerOperation.DEFER, _DEFER, (token, deferral), _ticket_key(token.key))

    def refuse_soon(self, refusal: Refusal) -> "Future[Refusal]":
        """Keep a refusal; a repeat gets back the first one, byte for byte."""
        return self._submit(LedgerOperation.REFUSE, refuse_many, refusal, ("", refusal.id))

    def other_create(self, username: str, token: Token) -> bool:
        """Return whether a CreateCustomer of that username other than the token's was ever claimed."""
        return self._ask(LedgerOperation.OTHER_CREATE, other_creates, (username, token), None)

    def later_applied(self, username: str, token: Token) -> bool:
        """Return whether a command about that customer which arrived after the token's own has been applied."""
        return self._ask(LedgerOperation.LATER_APPLIED, later_applied, (username, token), None)

    def note(self, token: Token, note: str) -> None:
        """Write down what the next attempt must know. Raises ClaimLost when the token is not the newest."""
        self._ask(LedgerOperation.NOTE, note_many, (token, note), _ticket_key(token.key))

    def last_death(self) -> float | None:
        """The end (epoch seconds) of the last dead process's lease; None if another stopped in order since."""
        return self._ask(LedgerOperation.READING, last_death, None, None)

    def begin_reading(self, mark: bytes) -> MarkedReading | Held:
        """Write down that this message, and nothing else, is read now."""
        return self._ask(LedgerOperation.READING, begin_reading, mark, ("", mark.hex()))

    def end_reading(self) -> None:
        """Take this process's mark away."""
        self._ask(LedgerOperation.READING, end_reading, None, None)

    def lease_holds(self) -> bool:
        """Whether this process may still write to the provider. Reads memory only, never the database."""
        return self._lease.holds() and self._writer.alive

    def save_pause(self, cause: str, scope: str, until: float | None, detail: str) -> None:
        """Begin a pause, or change its end (epoch seconds, None: unknown) and its reason; its beginning stays."""
        pause = Pause(cause, scope, self._clock.now(), until, detail)
        self._ask(LedgerOperation.PAUSE, save_pauses, pause, (cause, scope))

    def clear_pause(self, cause: str, scope: str) -> None:
        """End a pause; one that is not there is no error."""
        self._ask(LedgerOperation.PAUSE, clear_pauses, (cause, scope), (cause, scope))

    def pauses(self) -> list[Pause]:
        """Return what is paused, the oldest pause first."""
        return self._ask(LedgerOperation.PAUSE, list_pauses, None, None)

    def parking_store(self, cipher: Cipher) -> SqlParkingStore:
        """What is parked in this ledger, encrypted by that cipher; it shares this ledger's commits."""
        return SqlParkingStore(self._submit, self._deadline_seconds, cipher, self._clock)

    def prune(self, rest: Rest) -> Pruned:
        """Forget what ended before the days to keep, in small commits beside the writer's, resting after each.

        Raises PrunedElsewhere when another process is at it, LedgerUnavailable when the database is away.
        """
        return Pruner(self._store, self._clock, self._emit).prune(self._keep_days, rest)

    def stop(self) -> None:
        """Commit what is queued and end this process's lease; later calls raise LedgerUnavailable.

        Bounded by twice the callers' deadline. If the writer hangs beyond that, the lock stays with it until the
        process ends: letting another in beside it would make two writers.
        """
        has_ended = self._writer.stop(2 * self._deadline_seconds)
        self._watchdog.stop()
        if has_ended:
            self._store.release()

    def _ask(self, operation: LedgerOperation, bulk: Bulk[Asked, Given], item: Asked, key: TicketKey) -> Given:
        return wait_for(self._submit(operation, bulk, item, key), self._deadline_seconds)

    def _submit(
        self, operation: LedgerOperation, bulk: Bulk[Asked, Given], item: Asked, key: TicketKey
    ) -> "Future[Given]":
        started = self._clock.monotonic()
        future = self._writer.submit(bulk, item, key)
        future.add_done_callback(lambda _: self._emit(LedgerTimed(operation, self._clock.monotonic() - started)))
        return future


def _prepare(store: Store, identity: LedgerIdentity) -> None:
    if store.sole:
        migrate(store.engine)
    else:
        check_schema(store.engine)
    settle_identity(store.engine, store.name, identity)


def _ticket_key(key: CommandKey) -> tuple[str, str]:
    return key.source, key.id

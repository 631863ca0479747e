"""Turns a batch of tickets into one transaction, and answers them all."""

import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from threading import Event

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from worker.domain.ports import Clock
from worker.domain.telemetry import Emit, LedgerTimed
from worker.errors import LedgerError, NotTaken, Unstorable
from worker.ledger.config import LedgerConfig, LedgerOperation, OnOutage
from worker.ledger.faults import judged, unavailable, worded
from worker.ledger.operations import leasing
from worker.ledger.operations.leasing import Deposed, Lease
from worker.ledger.operations.transaction import Change, Question, Statement, Unit
from worker.ledger.stores.store import Displaced, Store
from worker.ledger.stores.verdicts import FaultVerdict
from worker.ledger.write.connection import WriterConnection, WriterProgress
from worker.ledger.write.writer import AnyTicket

_RETRY_SECONDS = 0.05
#: A batch collides once with each other process at the most, unless a row is bad by itself.
_MAX_COLLISIONS = 3
_FOR_ALL = frozenset({FaultVerdict.PASSES, FaultVerdict.AWAY, FaultVerdict.MISSING})

Answered = list[tuple[AnyTicket, object]]


class Commits:
    """Used by the writer's thread alone, which owns the one connection."""

    def __init__(self, store: Store, lease: Lease, config: LedgerConfig, clock: Clock, emit: Emit) -> None:
        self._store = store
        self._lease = lease
        self._config = config
        self._clock = clock
        self._emit = emit
        self._serials = count(1)
        self._statements: dict[Question | Change, Statement] = {}
        self._writer_connection = WriterConnection(store)
        self._progress = WriterProgress()
        self._away_since: float | None = None
        self._given_up = False
        self._on_outage: OnOutage | None = None
        self._rest = Event()  # never set: a rest of the writer's thread, which has nobody else to serve

    @property
    def away(self) -> bool:
        """Whether the last commit was given up: until one goes well, each `settle` tries, also with nothing to do."""
        return self._given_up

    @property
    def name(self) -> str:
        """What the database is called."""
        return self._store.name

    @property
    def progress(self) -> WriterProgress:
        """How far it has come; for any thread."""
        return self._progress

    @property
    def on_outage(self) -> OnOutage | None:
        """Who gets the reports of outages."""
        return self._on_outage

    def watch(self, on_outage: OnOutage) -> None:
        """Report outages to this one from now on."""
        self._on_outage = on_outage

    def break_off(self) -> None:
        """Let the transaction that is under way fail now, where the database is another process; for any thread."""
        self._writer_connection.break_off()

    def settle(self, batch: Sequence[AnyTicket]) -> None:
        """Commit the batch (and the lease when it is due) and answer every ticket in it.

        When it fails for another reason than the database being away, each ticket is tried alone, so that a bad one
        fails alone. Raises Deposed or Displaced, after having answered, when this process may write no more.
        """
        try:
            answered = self._patiently(batch)
        except (Deposed, Displaced) as fault:
            self._progress.settle()
            self._writer_connection.close()
            _answer_all(batch, fault)
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a row can cause must end at its caller, not the writer
            self._settle_failed(batch, exc)
            return
        for ticket, answer in answered:
            ticket.answer(answer)

    def leave(self) -> None:
        """Say that this process has stopped, and close the connection; a database that is away is left as it is."""
        self._lease.end()
        try:
            self._progress.begin()
            connection = self._writer_connection.connection()
            with connection.begin():
                leasing.stop(connection, self._lease.owner, self._store.now(connection, self._clock))
        except DBAPIError:
            return
        finally:
            self._writer_connection.close()

    def _settle_failed(self, batch: Sequence[AnyTicket], fault: Exception) -> None:
        # Without a ticket it was the lease alone that could not be renewed: whatever it is, it is for everybody.
        if not batch or isinstance(fault, LedgerError) or judged(self._store, fault) in _FOR_ALL:
            self._give_up(batch, fault if isinstance(fault, LedgerError) else unavailable(self._store.name, fault))
            return
        self._progress.settle()
        if len(batch) == 1:
            batch[0].answer(_not_written(batch[0], fault, judged(self._store, fault)))
        else:
            for ticket in batch:
                self.settle([ticket])

    def _give_up(self, batch: Sequence[AnyTicket], trouble: LedgerError) -> None:
        self._given_up = True
        self._progress.trouble = str(trouble)
        if self._on_outage is not None:
            self._on_outage(str(trouble))
        _answer_all(batch, trouble)

    def _patiently(self, batch: Sequence[AnyTicket]) -> Answered:
        collisions = 0
        while True:
            try:
                answered = self._transact(batch)
            except IntegrityError:
                # Another process inserted one of our keys between our look and our insert; the next look finds its row.
                collisions += 1
                if collisions > _MAX_COLLISIONS:
                    raise
            except DBAPIError as exc:
                self._writer_connection.close()
                self._store.check()
                if self._is_hopeless(exc):
                    raise
                # The watchdog's patience may end before ours: it must not call a server silent that refuses us.
                self._progress.trouble = str(unavailable(self._store.name, exc))
                self._rest.wait(_RETRY_SECONDS)
            else:
                self._away_since = None
                self._given_up = False
                return answered

    def _is_hopeless(self, error: DBAPIError) -> bool:
        """Return whether trying again now is in vain. Patience is spent once per outage, not once per batch.

        Raises Displaced when the file is damaged.
        """
        verdict = self._store.judge(error)
        if verdict is FaultVerdict.DAMAGED:
            raise Displaced(
                f"The ledger {self._store.name} is damaged: {worded(error)}. Put it back from a backup."
            ) from error
        if verdict not in _FOR_ALL:
            return True
        now = time.monotonic()
        self._away_since = now if self._away_since is None else self._away_since
        return verdict is not FaultVerdict.PASSES or now - self._away_since > self._config.patience_seconds

    def _transact(self, batch: Sequence[AnyTicket]) -> Answered:
        due = self._given_up or self._lease.is_due()
        if not batch and not due:
            return []
        # Also on a new connection: it may lead to another server, which knows nothing of this lease or of what it
        # was for.
        term = self._lease.next_term() if due or not self._writer_connection.is_open else None
        started = self._clock.monotonic()
        self._progress.begin()
        connection = self._writer_connection.connection()
        with connection.begin():
            if term is not None:
                self._renew(connection)
            answered = _work(self._unit(connection), batch)
        # Before anybody hears of it: what went into a file that has lost its name is not kept.
        self._writer_connection.check()
        self._progress.settle()
        if term is not None:
            self._lease.grant(term)
        self._emit(LedgerTimed(LedgerOperation.COMMIT, self._clock.monotonic() - started))
        return answered

    def _renew(self, connection: Connection) -> None:
        until = self._store.now(connection, self._clock) + self._lease.seconds
        if not leasing.renew(connection, self._lease.owner, until):
            raise Deposed(
                f"Another worker took over the ledger {self._store.name}, because this one's lease had run out."
            )

    def _unit(self, connection: Connection) -> Unit:
        return Unit(
            connection=connection,
            statements=self._statements,
            owner=self._lease.owner,
            now=self._clock.now(),
            lease_now=lambda: self._store.now(connection, self._clock),
            settle_seconds=self._config.settle_seconds,
            lease_seconds=self._lease.seconds,
            sole=self._store.sole,
            serials=self._serials,
        )


def _work(unit: Unit, batch: Sequence[AnyTicket]) -> Answered:
    kinds: defaultdict[object, list[AnyTicket]] = defaultdict(list)
    # In the order of the keys: two processes that change the same rows then never wait for each other in a circle.
    for ticket in sorted(batch, key=_order):
        kinds[ticket.bulk].append(ticket)
    answered: Answered = []
    for tickets in kinds.values():
        answers = tickets[0].bulk(unit, [ticket.item for ticket in tickets])
        answered.extend(zip(tickets, answers, strict=True))
    return answered


def _order(ticket: AnyTicket) -> tuple[str, str]:
    return ticket.key or ("", "")


def _answer_all(batch: Sequence[AnyTicket], fault: LedgerError) -> None:
    for ticket in batch:
        # One for each caller: a raised exception grows a traceback.
        own = type(fault)(str(fault))
        own.__cause__ = fault.__cause__ or fault
        ticket.answer(own)


def _not_written(ticket: AnyTicket, fault: Exception, verdict: FaultVerdict) -> LedgerError:
    about = f"command {ticket.key[1]} of {ticket.key[0]}" if ticket.key else "this"
    kind = Unstorable if verdict is FaultVerdict.ROW else NotTaken
    error = kind(f"The ledger cannot take {about}: {worded(fault)}. Nothing of it was written.")
    error.__cause__ = fault
    return error

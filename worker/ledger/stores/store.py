"""What the rest of the ledger knows of its database."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from worker.domain.ports import Clock
from worker.errors import LedgerUnavailable
from worker.ledger.stores.verdicts import FaultVerdict


class Displaced(LedgerUnavailable):
    """What was opened is not, or not only, what bears the ledger's name now: this process may write nothing more."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much room a ledger takes. `free_bytes` of it hold nothing and are filled first; None when unknown."""

    total_bytes: int
    free_bytes: int | None


@dataclass(frozen=True, slots=True)
class Store:
    """A database, opened.

    `name` is for people and holds no password. `sole`: no other process can be at work in it, so that every other owner
    is dead and the schema may be brought up to date at once. `judge` says what an error means. `release` gives up the
    claim to be the only process; it may be called twice. `measure` says how much room it takes. `now` is epoch
    seconds by the one clock that all processes at work in it go by: leases are compared by no other. `descriptor` says
    on which file descriptor a connection talks to another process, None where it talks to none. `may_prune` reserves
    pruning for a transaction; False when another one has it. `check` raises Displaced when the database is no longer
    the one that was opened: what was committed then is worth no answer. `watch`, called when a connection was just
    opened, gives the check to make while it is open.
    """

    engine: Engine
    name: str
    sole: bool
    judge: Callable[[DBAPIError], FaultVerdict]
    release: Callable[[], None]
    measure: Callable[[Connection], Size]
    now: Callable[[Connection, Clock], float]
    descriptor: Callable[[Connection], int | None]
    may_prune: Callable[[Connection], bool]
    check: Callable[[], None]
    watch: Callable[[], Callable[[], None]]

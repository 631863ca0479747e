"""What the ledger is opened with: where it lies, and whose it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class LedgerConfig:
    """Where the ledger lies and how long it waits. All times but `keep_days` are seconds.

    `settle_seconds`: how long the provider may still be applying what a dead process sent. `patience_seconds`: how long
    a database that is busy or away is tried again before the callers get the error. `deadline_seconds`: the longest a
    caller waits for its turn.
    """

    #: May hold a password.
    url: str = field(repr=False)
    settle_seconds: float
    keep_days: int
    lease_seconds: float = 15.0
    patience_seconds: float = 5.0
    deadline_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class LedgerIdentity:
    """Whose commands a ledger remembers. Another worker's ledger would answer duplicates with a stranger's results.

    `key_marks` name the secret keys without showing them, newest first (see `SecretKeys.marks`): fingerprints made with
    other keys would turn every repeat into a conflict. Left empty, the keys are not compared.
    """

    vhost: str
    prefix: str
    provider_login: str
    provider_base_url: str
    provider_edition: str
    key_marks: tuple[str, ...] = ()


class LedgerOperation(StrEnum):
    """What is measured: the calls as their callers feel them, and the commits they share."""

    CLAIM = "claim"
    RECORD = "record"
    DEFER = "defer"
    REFUSE = "refuse"
    OTHER_CREATE = "other_create"
    LATER_APPLIED = "later_applied"
    NOTE = "note"
    READING = "reading"
    PARK = "park"
    PAUSE = "pause"
    COMMIT = "commit"
    PRUNE = "prune"


#: Called on threads of the ledger when the database cannot be used, with the reason: it is quick, and never waits for
#: the ledger.
#: Called again about once a second, as long as it cannot be used.
OnOutage = Callable[[str], None]

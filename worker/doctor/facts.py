"""What was seen of provider, ledger and settings, and everything together. None: it could not be looked at."""

from dataclasses import dataclass
from enum import StrEnum

from worker.doctor.broker_facts import BrokerFacts


class LoginStatus(StrEnum):
    """How a call to the provider went, as far as the login goes."""

    OPEN = "open"
    AWAY = "away"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    """It answered in another way; neither the login nor the way there is proven bad."""
    UNUSED = "unused"
    """It was not tried: nothing is set for it."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """The provider's doors. The words are its own or the line's, scrubbed. `skew_seconds`: its clock minus ours."""

    v2: LoginStatus
    v3: LoginStatus
    v2_words: str = ""
    v3_words: str = ""
    skew_seconds: float | None = None


class SchemaState(StrEnum):
    """The ledger's schema against this worker."""

    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"
    ABSENT = "absent"
    """An empty database."""
    FOREIGN = "foreign"
    """Tables with our names that no ledger made."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file's name and its permission bits."""

    path: str
    mode: int


@dataclass(frozen=True, slots=True)
class SqliteFacts:
    """A ledger's file: `holder` is the process whose lock lies on it, 0 for none; `free_bytes` are its disk's."""

    path: str
    files: tuple[FileFacts, ...]
    free_bytes: int | None
    holder: int | None


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The ledger. `name` is for people; `there`: whether it exists at all; `words` say why it could not be read.

    `differences` are the parts of its identity that are not ours, worded; `keys_fit`: whether its key is among ours.
    `keys_missing`: there is none where one must be. `skew_seconds`: the database's clock minus ours. `unsafe_settings`
    are the database's settings that let it call committed what is not on disk yet. `read_only`: it takes no writes now.
    `lost` are the files that a ledger has left behind which is not there any more, or is empty.
    """

    name: str
    there: bool
    readable: bool
    words: str = ""
    sqlite: SqliteFacts | None = None
    schema: SchemaState | None = None
    revision: str = ""
    differences: tuple[str, ...] = ()
    keys_fit: bool | None = None
    keys_missing: bool = False
    skew_seconds: float | None = None
    unsafe_settings: tuple[str, ...] = ()
    read_only: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A variable that nothing reads, and the one that was probably meant."""

    name: str
    meant: str | None


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """The settings that depend on one another. Times are seconds.

    `faults` are the reasons why they cannot be used at all; the numbers are the defaults then. `plain_urls` are the
    settings whose URL is neither encrypted nor on this machine.
    """

    faults: tuple[str, ...] = ()
    unknown: tuple[UnknownSetting, ...] = ()
    plain_urls: tuple[str, ...] = ()
    declare: bool = True
    prefetch: int = 500
    hold_seconds: float = 600.0
    timeout_seconds: float = 10.0
    settle_seconds: float = 10.0
    drain_seconds: float = 25.0
    rate_per_minute: int = 0
    concurrency: int = 32
    edition: str = "reseller"
    v3_key_set: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was looked at; what is None was not."""

    settings: SettingsFacts
    broker: BrokerFacts | None = None
    provider: ProviderFacts | None = None
    ledger: LedgerFacts | None = None

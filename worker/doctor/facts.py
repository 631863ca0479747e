"""What was seen of broker, provider, ledger and settings. None: it could not be looked at, never the same as well.

Whoever holds one of them writes down here what it saw; the rules know nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Argument = str | int | bool


class Duty(StrEnum):
    """What a queue of ours is for."""

    COMMANDS = "commands"
    DEAD_LETTERS = "dead_letters"
    UNROUTED = "unrouted"


class QueuePresence(StrEnum):
    """What a declaration answered."""

    PRESENT = "present"
    MISSING = "missing"
    DIFFERS = "differs"
    UNCOMPARED = "uncompared"
    """It is there; whether it is as it must be could not be asked."""


@dataclass(frozen=True, slots=True)
class ConsumerFacts:
    """One consumer of a queue. `connection` is what the broker calls its connection, empty until it knows.

    `prefetch` 0 has no limit. `priority` is 0 where the consumer asked for none, which is what a worker does.
    """

    tag: str
    prefetch: int
    active: bool
    connection: str
    user: str
    priority: int = 0

    @property
    def ours(self) -> bool:
        """Whether a worker of ours named it."""
        return self.tag.startswith("provisioning-worker@")


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """One queue. `words` are the broker's; `arguments`, `stuck` and `consumers` only the management API knows.

    `stuck` counts dead letters that the broker has taken out of the queue and cannot hand over.
    """

    name: str
    duty: Duty
    wanted: Mapping[str, Argument]
    presence: QueuePresence
    words: str = ""
    ready: int | None = None
    consumer_count: int | None = None
    arguments: Mapping[str, object] | None = None
    has_leader: bool | None = None
    stuck: int | None = None
    consumers: tuple[ConsumerFacts, ...] | None = None


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """One exchange; `kind` and `arguments` only the management API knows."""

    name: str
    wanted_kind: str
    wanted: Mapping[str, Argument]
    presence: QueuePresence
    words: str = ""
    kind: str | None = None
    arguments: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class BindingFacts:
    """One binding that must be there."""

    exchange: str
    queue: str
    routing_key: str
    present: bool | None = None


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy, of an operator's or of a user's, as the broker lists it."""

    name: str
    operator: bool
    pattern: str
    applies_to: str
    priority: int
    definition: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class RightFacts:
    """One right the worker's login needs, as a harmless request for it was answered. None: it could not be asked."""

    action: str
    resource: str
    granted: bool | None


@dataclass(frozen=True, slots=True)
class Management:
    """The management API, asked as `user`. `url` holds no credentials; `fault`: why not all of it could be read."""

    url: str | None = None
    user: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """The broker. `fault` is empty when it could be reached over AMQP; without that the lists are empty."""

    address: str
    vhost: str
    user: str
    prefix: str
    fault: str = ""
    version: str | None = None
    management: Management = field(default_factory=Management)
    queues: tuple[QueueFacts, ...] = ()
    exchanges: tuple[ExchangeFacts, ...] = ()
    bindings: tuple[BindingFacts, ...] = ()
    policies: tuple[PolicyFacts, ...] | None = None
    rights: tuple[RightFacts, ...] = ()
    may_configure: bool | None = None
    alarms: tuple[str, ...] | None = None
    event_bindings: int | None = None


class LoginStatus(StrEnum):
    """How a call to the provider went, as far as the login goes."""

    ACCEPTED = "accepted"
    AWAY = "away"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    """It answered in another way; neither the login nor the way there is proven bad."""
    UNUSED = "unused"
    """It was not tried: nothing is set for it."""


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """The provider's two logins. The words are its own or the connection's, scrubbed."""

    v2: LoginStatus
    v3: LoginStatus
    v2_words: str = ""
    v3_words: str = ""


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
    """A ledger's file: `holder` is the process whose lock lies on it, 0 for none, None when it is not known."""

    path: str
    files: tuple[FileFacts, ...]
    holder: int | None


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """The ledger. `name` is for people; `there`: whether it exists at all; `words` say why it could not be read.

    `differences` are the parts of its identity that are not ours, worded; `keys_fit`: whether its key is among ours.
    `keys_missing`: there is none where one must be. `unsafe_settings` are the database's that let it call committed
    what is not on disk yet. `read_only`: it takes no writes now. `lost` are the files that a ledger has left behind
    which is not there any more, or is empty.
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

    prefetch: int
    hold_seconds: float
    timeout_seconds: float
    settle_seconds: float
    declare: bool
    faults: tuple[str, ...] = ()
    unknown: tuple[UnknownSetting, ...] = ()
    plain_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was looked at; what is None was not."""

    settings: SettingsFacts
    broker: BrokerFacts | None = None
    provider: ProviderFacts | None = None
    ledger: LedgerFacts | None = None

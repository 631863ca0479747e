"""What a rule says: its name, how bad it is, what it endangers, and the line that mends it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Area(StrEnum):
    """What was looked at."""

    SETTINGS = "settings"
    BROKER = "broker"
    PROVIDER = "provider"
    LEDGER = "ledger"


class Severity(StrEnum):
    """How bad it is, the worst first."""

    BROKEN = "broken"
    """The worker cannot work, or its promise does not hold now."""
    RISK = "risk"
    """It works today; the promise breaks under a load, a crash or an outage that will come."""
    UNKNOWN = "unknown"
    """It could not be looked at, and it matters."""


class Danger(StrEnum):
    """What is endangered."""

    LOSS = "loss"
    """A command, its event or its dead letter may disappear."""
    DOUBLES = "doubles"
    """A change may be made twice at the provider."""
    ORDER = "order"
    """A customer's commands may overtake one another."""
    STOP = "stop"
    """Commands wait, and nobody applies them."""
    SECRECY = "secrecy"
    """Somebody may read what is not theirs."""


class Rule(StrEnum):
    """Every rule there is."""

    BROKER_REACHED = "broker-reached"
    BROKER_VERSION = "broker-version"
    BROKER_ALARM = "broker-alarm"
    MANAGEMENT_READ = "management-read"
    QUEUE_PRESENT = "queue-present"
    QUEUE_ARGUMENTS = "queue-arguments"
    QUEUE_LEADER = "queue-leader"
    EXCHANGE_PRESENT = "exchange-present"
    EXCHANGE_KIND = "exchange-kind"
    ALTERNATE_EXCHANGE = "alternate-exchange"
    BINDING_PRESENT = "binding-present"
    POLICY_HARMLESS = "policy-harmless"
    CONSUMER_TIMEOUT = "consumer-timeout"
    PREFETCH_KEPT = "prefetch-kept"
    OWN_CONSUMERS = "own-consumers"
    SOMEBODY_CONSUMES = "somebody-consumes"
    RIGHTS_SUFFICE = "rights-suffice"
    EVENTS_HEARD = "events-heard"
    DEAD_LETTERS_WAITING = "dead-letters-waiting"
    DEAD_LETTERS_STUCK = "dead-letters-stuck"
    PLAINTEXT = "plaintext"
    PROVIDER_REACHED = "provider-reached"
    PROVIDER_LOGIN = "provider-login"
    PROVIDER_V3_KEY = "provider-v3-key"
    LEDGER_REACHED = "ledger-reached"
    LEDGER_SCHEMA = "ledger-schema"
    LEDGER_OWNER = "ledger-owner"
    LEDGER_KEYS = "ledger-keys"
    LEDGER_FILE_MODES = "ledger-file-modes"
    LEDGER_DURABLE = "ledger-durable"
    ONE_WORKER_ON_SQLITE = "one-worker-on-sqlite"
    SETTINGS_USABLE = "settings-usable"
    SETTING_KNOWN = "setting-known"
    SETTLE_TIME = "settle-time"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `mend` is a line to type (or to check with); never a secret in any of these."""

    rule: Rule
    area: Area
    severity: Severity
    text: str
    mend: str
    danger: Danger | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything found, the worst first."""

    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "Diagnosis":
        """Put findings in order: worst first, and within a severity by what was looked at."""
        severities, areas = list(Severity), list(Area)
        ranked = sorted(findings, key=lambda each: (severities.index(each.severity), areas.index(each.area)))
        return cls(tuple(ranked))

    @property
    def to_mend(self) -> int:
        """How many are wrong."""
        return sum(each.severity in {Severity.BROKEN, Severity.RISK} for each in self.findings)

    @property
    def unknown(self) -> int:
        """How many could not be looked at, and matter."""
        return sum(each.severity is Severity.UNKNOWN for each in self.findings)

    @property
    def well(self) -> bool:
        """Whether nothing is wrong and nothing that matters is unknown."""
        return not self.findings

    @property
    def summary(self) -> str:
        """The last line."""
        return "all is well" if self.well else f"{self.to_mend} to mend, {self.unknown} unknown"

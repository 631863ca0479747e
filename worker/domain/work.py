"""One unit of work as the stages hand it on, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from messages.catalog import CATALOG
from messages.envelope import Envelope
from messages.errors import MessageError
from messages.results import Outcome
from worker.domain.claims import ClaimRequest, Token
from worker.domain.dead_letters import DeadLetter
from worker.domain.deliveries import Delivery
from worker.domain.result_events import StoredEvent
from worker.errors import MAIN_LOGIN, ProviderLogin


@dataclass(frozen=True, slots=True)
class Requested:
    """A valid command, the claim that must be made before it is handled, and the login that applies it."""

    envelope: Envelope
    request: ClaimRequest
    login: ProviderLogin


@dataclass(frozen=True, slots=True)
class Work:
    """A delivery with what it says: a command, or the reason why it is none."""

    delivery: Delivery
    content: Requested | MessageError
    lanes: tuple[str, ...]

    @property
    def command(self) -> str:
        """The command's type from the closed set, for labels; `unknown` for anything else."""
        if isinstance(self.content, Requested):
            return self.content.envelope.type
        named = self.content.name.type if self.content.name else None
        return named if named and named in CATALOG else "unknown"

    @property
    def sent_at(self) -> float | None:
        """The envelope's time in epoch seconds; None when it has none."""
        return self.content.envelope.time if isinstance(self.content, Requested) else None

    @property
    def login(self) -> ProviderLogin:
        """The login that applies it."""
        return self.content.login if isinstance(self.content, Requested) else MAIN_LOGIN


@dataclass(frozen=True, slots=True)
class Parked:
    """A command that lies in the ledger with all its sender gave it, and is the broker's no longer.

    It is read from there when its turn comes.
    """

    position: int
    lanes: tuple[str, ...]
    login: ProviderLogin


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a handler gets for one attempt.

    `begun`: an earlier write of this command may have been applied. `remembered`: the ledger knows all earlier attempts
    (False for a redelivered command it has never seen). `may_write` False: look only, no writes are left. `note`: what
    an earlier attempt wrote down before it wrote to the provider.
    """

    token: Token
    begun: bool
    remembered: bool
    may_write: bool
    note: str | None = None


class Step(StrEnum):
    """The boundaries between the steps of a delivery, in their order; only few come by way of `parked`."""

    ARRIVED = "arrived"
    DECODED = "decoded"
    QUEUED = "queued"
    PARKED = "parked"
    CLAIMED = "claimed"
    HANDLED = "handled"
    RECORDED = "recorded"
    DEAD_LETTER_PUBLISHED = "dead_letter_published"
    EVENT_PUBLISHED = "event_published"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Publication:
    """What is published of a command that has ended, and how the metrics count it: the event, and the dead letter."""

    event: StoredEvent | None
    dead_letter: DeadLetter | None
    outcome: Outcome
    detail: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Settled:
    """Answered, and acked or (at that position) cleared in the ledger."""

    position: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not finished: run it again at `until` (epoch seconds); its customer's later commands stay behind it.

    `quarantined`: the ledger still counts it so, and nothing else may run before it has been run again.
    """

    until: float
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Recorded but not published: `UnpublishedRuns` keeps its messages and publishes them later."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Not begun: run it again as soon as nothing else runs, and nothing beside it.

    `crashes`: so many processes died of it, or so it seems. The one with fewer goes first.
    """

    crashes: int = 0


Verdict = Settled | Wait | Kept | Quarantine


class RetryCause(StrEnum):
    """Why an attempt is repeated, as the metrics count it."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    THROTTLED = "throttled"

"""What the rooms report of their work, for the metrics and the log: one frozen value for each kind of event.

A room is given an `Emit` and knows nothing of what becomes of an event: that is said in `worker/telemetry/recorder.py`.
An attribute that is named as a label of a metric is that label's value, from a closed set. Times are seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from messages.results import Outcome, Reason
from worker.domain.deliveries import Destination, Outgoing

if TYPE_CHECKING:
    # Named in annotations alone: a program that only connects to the broker reads no command.
    from worker.domain.work import Publication, RetryCause, Work

#: What a quorum queue takes a message without a priority for, in every version that has priorities.
USUAL_PRIORITY = 4


@dataclass(frozen=True, slots=True)
class CommandSettled:
    """One delivery was answered and acked. `settled_at` is epoch seconds, `seconds` the time since it was taken up."""

    work: "Work"
    outcome: Outcome
    reason: Reason | None
    detail: str
    attempts: int
    seconds: float
    settled_at: float

    @property
    def command(self) -> str:
        """The command's type, or `unknown`."""
        return self.work.command

    @property
    def applied_at(self) -> float | None:
        """When the command was applied; None when this delivery has applied nothing."""
        return self.settled_at if self.outcome in {Outcome.APPLIED, Outcome.ALREADY_APPLIED} else None

    @property
    def wait_seconds(self) -> float | None:
        """From the envelope's time to the moment it was taken up; None when it has none."""
        sent_at = self.work.sent_at
        # Clocks of two machines: what looks negative was no wait.
        return None if sent_at is None else max(0.0, self.settled_at - self.seconds - sent_at)


@dataclass(frozen=True, slots=True)
class CommandDeadLettered(CommandSettled):
    """The same of one that has ended as a dead letter; a repeat of such a one is settled as any other."""


@dataclass(frozen=True, slots=True)
class CommandRetried:
    """One attempt has failed and will be repeated."""

    work: "Work"
    cause: "RetryCause"
    is_charged: bool
    detail: str
    delay_seconds: float

    @property
    def command(self) -> str:
        """The command's type, or `unknown`."""
        return self.work.command

    @property
    def charged(self) -> str:
        """Whether it counts against the command."""
        return "yes" if self.is_charged else "no"


@dataclass(frozen=True, slots=True)
class HandlerCrashed:
    """A fault of the worker's own came up while a command, if it is known which, was handled."""

    work: "Work | None"
    error: BaseException


@dataclass(frozen=True, slots=True)
class CommandUnpublishable:
    """The broker, as it is set up, can never take what a command publishes; `detail` says what an operator must do."""

    work: "Work"
    detail: str


@dataclass(frozen=True, slots=True)
class ParkedCommandUnsealable:
    """A parked command cannot be read, and its customer's commands wait; an operator must do what `detail` says."""

    detail: str


@dataclass(frozen=True, slots=True)
class CommandNotTaken:
    """The ledger does not take one command, and its customer's commands wait."""

    detail: str


@dataclass(frozen=True, slots=True)
class MessagePublished:
    """The broker has confirmed a message after so long, or it is not certain that it has it."""

    message: Outgoing
    seconds: float
    confirmed: bool

    @property
    def event(self) -> str | None:
        """The event's type, or `dead_letter`."""
        is_event = self.message.destination is Destination.EVENTS
        return self.message.properties.type if is_event else "dead_letter"

    @property
    def result(self) -> str:
        """How the publishing ended, as the metric's label."""
        return "confirmed" if self.confirmed else "failed"


@dataclass(frozen=True, slots=True)
class CommandMayExpire:
    """A delivery has an `expiration`: the broker throws such messages out."""

    property: ClassVar[str] = "expiration"
    work: "Work"
    value: str


@dataclass(frozen=True, slots=True)
class CommandMayChangePlaces:
    """A delivery has a `priority` other than the usual one: brokers hand such messages over in another order."""

    property: ClassVar[str] = "priority"
    work: "Work"
    value: int


@dataclass(frozen=True, slots=True)
class CommandsParked:
    """So many were parked in the ledger now, and so many are in all."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class ParkedCommandsTakenOver:
    """So many were taken over from processes that are gone."""

    count: int


@dataclass(frozen=True, slots=True)
class ProviderCalled:
    """One call to the provider has ended; each attempt is a call of its own."""

    operation: str
    result: str
    seconds: float


@dataclass(frozen=True, slots=True)
class IntakePaused:
    """A cause began to hold, for the commands of one login or (None) for all."""

    cause: str
    login: str | None
    detail: str
    held: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class IntakeResumed:
    """A cause ceased to hold, for the commands of one login or (None) for all; `held`: for others it still does."""

    cause: str
    login: str | None
    held: bool


@dataclass(frozen=True, slots=True)
class PausesUnshared:
    """The pauses can be neither written for the other replicas nor read for now; it is tried again."""

    detail: str


@dataclass(frozen=True, slots=True)
class BrokerConnected:
    """A connection can do its work now, for the first time."""

    role: str
    connected: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class BrokerReconnected(BrokerConnected):
    """A connection can do its work again."""


@dataclass(frozen=True, slots=True)
class BrokerDisconnected:
    """A connection that could do its work is gone."""

    role: str
    reason: str
    connected: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class BrokerNotReached:
    """An attempt to connect came to nothing; the next one follows after that time. Also follows a disconnection."""

    role: str
    reason: str
    retry_seconds: float


@dataclass(frozen=True, slots=True)
class BrokerBlocked:
    """The broker takes no messages now: it is short of memory or disk."""

    reason: str


@dataclass(frozen=True, slots=True)
class BrokerUnblocked:
    """The broker takes messages again."""


@dataclass(frozen=True, slots=True)
class BrokerCallbackCrashed:
    """A callback of ours failed. The connection is given up and opened anew."""

    role: str
    error: BaseException


@dataclass(frozen=True, slots=True)
class TopologyDeclaredAgain:
    """These were gone while the worker ran, and are there again."""

    declared: Sequence[str]


@dataclass(frozen=True, slots=True)
class TopologyIncomplete:
    """What is missing at the broker now, each with what to do about it; reported when it changes."""

    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class TopologyComplete:
    """Nothing is missing any more."""


@dataclass(frozen=True, slots=True)
class LedgerTimed:
    """One operation of the ledger has ended, well or badly."""

    operation: str
    seconds: float


@dataclass(frozen=True, slots=True)
class LedgerPruned:
    """So many rows were forgotten; not reported when there was nothing to forget."""

    commands: int
    refusals: int


@dataclass(frozen=True, slots=True)
class LedgerPruneFailed:
    """A run of pruning broke off; the next one begins where it ended."""

    detail: str


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """Every part runs; the consumer subscribes as soon as the broker can be reached."""

    http_port: int
    prefix: str


@dataclass(frozen=True, slots=True)
class WorkerStopping:
    """What ran has ended, but for so many commands that are abandoned; so many that wait are given back."""

    held: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class WorkerStopped:
    """Every part has stopped; the calls of so many abandoned commands may still be under way."""

    abandoned: int


@dataclass(frozen=True, slots=True)
class PartDied:
    """Threads ended by themselves, so the process ends now; `detail` says why and what an operator must do."""

    parts: Sequence[str]
    detail: str


@dataclass(frozen=True, slots=True)
class SettingsNotReadAgain:
    """What is set now cannot be read; the worker goes on with what it had."""

    detail: str


TelemetryEvent = (
    CommandSettled
    | CommandDeadLettered
    | CommandRetried
    | HandlerCrashed
    | CommandUnpublishable
    | ParkedCommandUnsealable
    | CommandNotTaken
    | MessagePublished
    | CommandMayExpire
    | CommandMayChangePlaces
    | CommandsParked
    | ParkedCommandsTakenOver
    | ProviderCalled
    | IntakePaused
    | IntakeResumed
    | PausesUnshared
    | BrokerConnected
    | BrokerReconnected
    | BrokerDisconnected
    | BrokerNotReached
    | BrokerBlocked
    | BrokerUnblocked
    | BrokerCallbackCrashed
    | TopologyDeclaredAgain
    | TopologyIncomplete
    | TopologyComplete
    | LedgerTimed
    | LedgerPruned
    | LedgerPruneFailed
    | WorkerStarted
    | WorkerStopping
    | WorkerStopped
    | PartDied
    | SettingsNotReadAgain
)

#: How a room reports: from any thread, quick, and it never raises. Texts hold no secret.
Emit = Callable[[TelemetryEvent], None]


def settled(work: "Work", done: "Publication", seconds: float, settled_at: float) -> CommandSettled:
    """The event of one delivery that was answered with this."""
    reason = done.dead_letter.reason if done.dead_letter else None
    kind = CommandDeadLettered if reason and done.outcome is Outcome.FAILED else CommandSettled
    return kind(work, done.outcome, reason, done.detail, done.attempts, seconds, settled_at)


def discard_event(_event: TelemetryEvent) -> None:
    """Report nothing: for tools, which a person watches and no metric does."""

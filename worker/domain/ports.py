"""What the way of a delivery needs from the rooms around it. Each port has a fake, and both pass one contract suite."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from messages.commands import Command
from worker.domain.claims import Claim, ClaimRequest, Held, MarkedReading, Token
from worker.domain.deliveries import Delivery, Outgoing, Receipt
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.retry_policy import Blame
from worker.domain.texts.comparison import is_altered, same_in_any_case
from worker.domain.work import Parked, Work
from worker.errors import ProviderError, ProviderLogin

#: What the provider lists of a customer and a command may set (`company` and others can be set, never read).
READABLE_FIELDS = (
    "username",
    "email",
    "first_name",
    "last_name",
    "address",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "website",
)
_FLAGS = {"true": True, "false": False}


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Epoch seconds."""

    def monotonic(self) -> float:
        """Seconds that never go back, for measuring durations."""


class Ledger(Protocol):
    """Remembers every command. An answer is there after its change is on disk; many callers share one commit.

    Every answer may be LedgerUnavailable, or Unstorable or NotTaken for what was asked: nothing was committed then. The
    stages ask for futures and wait for none of them; what is called when one is done must be quick. An attempt, which
    has a thread of its own, waits for the answers to its questions.
    """

    def claim_soon(self, request: ClaimRequest) -> "Future[Claim]":
        """Claim the command for this process, or answer with what became of it.

        A claim marks the command begun in the same commit: a crash from here on makes the next claim `Resumed` with
        `history.begun`. This process may claim again what it holds (the older token dies). What a dead process left
        not begun is given at once; what it had begun only after its lease and the settle time have passed (`Held`).

        What a process was at that did not stop in order is `Quarantined` from then on: it is given only to a request
        with `alone`, until it is put off or ended. A process that dies after that was alone with it, which counts as a
        crash of this command; after MOST_CRASHES of them it is `Crashed`.

        What is parked (see ParkingStore) comes before everything that shares a lane with it and has a later position,
        or none: such a request is `Held` for a moment unless the command has ended before.
        """

    def record_soon(self, token: Token, ending: Ending) -> "Future[None]":
        """Record how the command ended. Raises ClaimLost when the token is not the newest."""

    def defer_soon(self, token: Token, deferral: Deferral) -> "Future[None]":
        """Record a failed attempt; the claim stays. Raises ClaimLost when the token is not the newest."""

    def refuse_soon(self, refusal: Refusal) -> "Future[Refusal]":
        """Keep a refusal; a repeat gets back the first one, byte for byte."""

    def other_create(self, username: str, token: Token) -> bool:
        """Whether a CreateCustomer of that username, other than the token's, was ever claimed in any of `spellings`."""

    def later_applied(self, username: str, token: Token) -> bool:
        """Whether a command about that customer, in any spelling, that arrived after the token's own was applied."""

    def note(self, token: Token, note: str) -> None:
        """Write down what the next attempt must know (`History.note`). Raises ClaimLost for an older token."""

    def lease_holds(self) -> bool:
        """Whether this process may still write to the provider. Reads memory only, never the database."""


class ParkingStore(Protocol):
    """Keeps commands that cannot run yet, so that the broker can be answered and hands over others.

    A parked command belongs to the process that parked or adopted it. Every call may raise LedgerUnavailable, and
    `park` Unstorable when one of its commands cannot be held: nothing was committed then.
    """

    def park(self, works: Sequence[Work]) -> Sequence[Parked]:
        """Put commands behind all that are parked, in this order, in one commit; the bodies are encrypted."""

    def adopt(self) -> Sequence[Parked]:
        """Take over the parked commands of processes that ended, in the order of their positions."""

    def mine(self) -> Sequence[Parked]:
        """All that belong to this process, in the order of the positions: for after a `park` whose fate is unknown."""

    def fetch(self, position: int) -> Delivery | None:
        """Read one as it was delivered, its receipt being its position; None when it was cleared.

        What was taken over is `redelivered`: whose it was before may have begun it, and nobody wrote that down.
        Raises Unsealable when the key that it was encrypted with is not set any more.
        """

    def clear(self, positions: Sequence[int]) -> None:
        """Forget these; a position that is not there is no error."""

    def clear_soon(self, position: int) -> "Future[None]":
        """Forget this one, without waiting for it."""

    def release(self, positions: Sequence[int]) -> None:
        """Release these: the next `adopt` takes them; a position that is missing or another's is no error."""


class CrashMarks(Protocol):
    """Remembers what was being read, so that a message that ends the process while it is read can be found.

    Every call may raise LedgerUnavailable: nothing was committed then.
    """

    def last_death(self) -> float | None:
        """The end (epoch seconds) of the last dead process's lease; None if another stopped in order since.

        One that lives counts as well: for as long as its lease runs a dead one looks the same.
        """

    def begin_reading(self, mark: bytes) -> MarkedReading | Held:
        """Write down that this message, and nothing else, is read now; replaces this process's mark before.

        `Held` while another process that has marked it may be alive. One that died with this mark counts as a crash.
        """

    def end_reading(self) -> None:
        """Take this process's mark away: nothing is read one by one any more."""


class EventPublisher(Protocol):
    """Publishes result events and dead letters."""

    def publish_soon(self, message: Outgoing) -> "Future[None]":
        """Publish a message, from any thread, without blocking; the future is done once the broker has confirmed it.

        It gets PublishFailed when it is not certain that the broker has the message, and Unpublishable when it
        certainly has not and never will take this message as it is. What is called then must be quick.
        """


class Settlement(Protocol):
    """Acknowledges deliveries; no other component answers the broker."""

    def ack(self, receipt: Receipt) -> None:
        """Ack soon, from any thread, without blocking; a stale receipt is dropped in silence (it comes again)."""


class Intake(Protocol):
    """Receives deliveries from the consumer, on the consumer's thread: its methods return at once and never raise."""

    def delivered(self, delivery: Delivery) -> None:
        """A message came; messages of one epoch come in the queue's order."""

    def consuming(self, epoch: int) -> None:
        """The broker has accepted the subscription."""

    def lost(self, epoch: int) -> None:
        """The connection of that epoch is gone: nothing of it can be settled any more, all of it comes again."""


class ProviderHealth(Protocol):
    """Judges the provider by the attempts of all customers together."""

    def succeeded(self, customer: str, login: ProviderLogin) -> None:
        """A call for this customer (its first ordering key) was answered well, or was refused for its own fault."""

    def failed(self, customer: str, failure: ProviderError, login: ProviderLogin) -> None:
        """A call for this customer failed for a reason that may be the provider's."""

    def blame(self, customer: str, login: ProviderLogin, since: float) -> Blame:
        """Return who caused the failure that a command of this customer met at `since` (epoch seconds)."""

    def paused_since(self, login: ProviderLogin, since: float) -> bool:
        """Whether commands of this login were paused at `since` (epoch seconds) or later."""


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer as the provider lists it. All values are texts."""

    fields: Mapping[str, str]

    @property
    def username(self) -> str:
        """Its name, exactly as the provider spells it; empty for a row that names nobody."""
        return self.fields.get("username", "")

    @property
    def names_nobody(self) -> bool:
        """Whether its name is missing or unreadable: such a row may be any customer's."""
        return not self.username or is_altered(self.username)

    @property
    def active(self) -> bool | None:
        """Whether it may send; None when the list does not say."""
        return _FLAGS.get(self.fields.get("active", ""))

    @property
    def website_access(self) -> bool | None:
        """Whether it may log in on the website; None when the list does not say, as the documented one never does."""
        return _FLAGS.get(self.fields.get("website_access", ""))

    def differences(self, wanted: Mapping[str, object]) -> tuple[str, ...]:
        """The readable fields among those wanted in which the row has another value, and not only another spelling."""
        named = (name for name in READABLE_FIELDS if name in wanted)
        return tuple(name for name in named if not self._has(name, str(wanted[name])))

    def _has(self, name: str, value: str) -> bool:
        return name in self.fields and same_in_any_case(self.fields[name], value)


class Provider(Protocol):
    """The provider's customer API. Each call raises a ProviderError when it did not succeed."""

    def apply(self, command: Command) -> None:
        """Make the one change that the command asks for, in one call; the read-only commands have none.

        A create is not idempotent: a second one of a username is rejected. So are a rename, and adding or removing a
        credential. Deleting and all commands that set a value change nothing when repeated, but a second delete is
        rejected. What this login cannot do at all (credentials in the distributor edition, v3 without a key) is
        Unsupported, without a call.
        """

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username. None only when the whole list was read and it was not there."""

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Every customer that matches all filters in the provider's own sense, each once, in the provider's order.

        Pages are read as the rows are asked for; the rows end only when the whole list was read. A question that
        cannot be answered is an OutcomeUnknown, or a Rejected when the provider refuses it.
        """

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf would act on, as the provider itself says; reads only.

        Never the reseller's own: when the answer is the username of the key itself, it is a Rejected.
        """

    def probe(self) -> None:
        """A call that concerns no customer: succeeds when the provider is there and accepts our login."""

    def probe_v3(self) -> None:
        """Ask the v3 API with its key, as `probe` asks the v2 API."""

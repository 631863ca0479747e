"""Claims, endings and refusals, short enough for a test to name only what it is about."""

from collections.abc import Sequence
from dataclasses import replace

from messages.errors import CommandName, Invalid
from messages.results import Reason
from worker.domain.claims import Claim, ClaimRequest, Fresh, History, Resumed, Token
from worker.domain.dead_letters import DeadLetter
from worker.domain.deliveries import Delivery, Properties, Receipt
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.identity import CommandKey
from worker.domain.result_events import StoredEvent
from worker.domain.work import Parked, Work
from worker.ledger.config import LedgerIdentity
from worker.ledger.keys import Cipher

CIPHER = Cipher([f"{'ledger':A<43}="])
LANE = "subject:cus_1"
IDENTITY = LedgerIdentity("/", "provisioning", "reseller", "http://127.0.0.1:8025", "reseller")


def key(id_: str = "evt_1", source: str = "billing") -> CommandKey:
    """Name a command."""
    return CommandKey(source, id_)


def asking(
    id_: str = "evt_1",
    *,
    content: Sequence[bytes] = (b"a" * 32,),
    redelivered: bool = False,
    username: str | None = "Ada@example.com",
    type_: str = "CreateCustomer",
) -> ClaimRequest:
    """Ask for a command; `content` are its fingerprints."""
    return ClaimRequest(key(id_), type_, "cus_1", username, (LANE,), tuple(content), redelivered)


def alone(request: ClaimRequest) -> ClaimRequest:
    """Ask with nothing else under way."""
    return replace(request, alone=True)


def from_shop(request: ClaimRequest) -> ClaimRequest:
    """Ask for the command of the same id that another source sent."""
    return replace(request, key=key(request.key.id, "shop"))


def token_of(claim: Claim) -> Token:
    """Take the token of a command that was given."""
    assert isinstance(claim, Fresh | Resumed), claim
    return claim.token


def success(event_id: str = "event-1", history: History | None = None) -> Ending:
    """End well."""
    event = StoredEvent(event_id, "CustomerCreated", b'{"id":"\xc3\xa9"}')
    return Ending(event, history if history is not None else History(attempts=1))


def failure(event_id: str = "event-1") -> Ending:
    """End as a dead letter."""
    event = StoredEvent(event_id, "CommandFailed", b'{"reason":"provider_rejected"}')
    return Ending(event, History(attempts=3, charged_attempts=2), dead_letter())


def dead_letter(command_id: str = "evt_1") -> DeadLetter:
    """Make a dead letter that names a command."""
    headers: dict[str, str | int] = {"provisioning-command-id": command_id, "provisioning-attempts": 2}
    return DeadLetter("letter-1", Reason.PROVIDER_REJECTED, headers)


def refusal(id_: str = "refusal-1", body: bytes = b"{}", command_id: str = "evt_1") -> Refusal:
    """Refuse a message that could name its command."""
    return Refusal(id_, dead_letter(command_id), StoredEvent("event-9", "CommandFailed", body))


def failed_attempt(not_before: float, history: History | None = None) -> Deferral:
    """Put a command off."""
    return Deferral(
        history if history is not None else History(attempts=1), not_before, "not_sent", "connection refused"
    )


def parked_work(id_: str = "evt_0", *lanes: str, body: bytes = b"{}") -> Work:
    """A command that cannot run yet; in the lane of every `asking`, unless others are named."""
    properties = Properties(message_id=id_)
    delivery = Delivery(body, properties, False, Receipt(1, 1), "provisioning.commands", "any.key", 0.0)
    return Work(delivery, Invalid([], CommandName("billing", id_)), lanes or (LANE,))


def positions(places: Sequence[Parked]) -> list[int]:
    """Where they lie."""
    return [place.position for place in places]

"""What happens this morning: twenty-four messages in four scenes, and how each must end."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from worker.domain.deliveries import Properties

SOURCE = "billing"
#: This customer's create is applied, but its answer is lost.
LOST_ANSWER = "iris@example.com"

_TOO_SHORT = "abc"
_STRUCTURED = "application/cloudevents+json"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, in plain words, with what must come of it.

    `event` is the type of the result event, `outcome` its outcome or its reason. `changes` are the changes of state
    that the provider's journal must show for it.
    """

    story: str
    customer: str
    body: bytes
    properties: Properties
    event: str
    outcome: str
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The command's id."""
        return self.properties.message_id or ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Messages that are sent together. `outage` makes the provider refuse every call for a while."""

    title: str
    messages: tuple[Message, ...]
    outage: bool = False


def morning() -> tuple[Scene, ...]:
    """The whole morning, in order."""
    signups, twins = _signups(), _sent_again()
    return (
        Scene("Eight customers sign up", signups),
        Scene("The billing system repeats itself, and makes mistakes", twins),
        Scene("The provider goes away for three seconds", _during_the_outage(), outage=True),
        Scene("The rest of the morning", _afterwards()),
    )


def _signups() -> tuple[Message, ...]:
    names = ("ada", "ben", "cleo", "dora", "emil", "fay")
    plain = [_signup(number, name, "signs up") for number, name in enumerate(names, start=1001)]
    lost = _signup(1007, "iris", "signs up; the answer is lost after it was applied", outcome="already_applied")
    wrong = _signup(
        1008, "gus", "signs up for a package that does not exist", outcome="provider_rejected", package="Gilt"
    )
    return (*plain, lost, wrong)


def _sent_again() -> tuple[Message, ...]:
    original = _signup(1001, "ada", "the same signup, delivered a second time")
    other = _signup(1002, "ben", "the same id as ben's signup, other content", outcome="id_conflict", city="Elsewhere")
    short = _signup(1009, "hal", "signs up with a password of three characters", outcome="invalid", password=_TOO_SHORT)
    broken = Message(
        "a body that is no JSON",
        "",
        b"username=jo@example.com",
        Properties(message_id="evt_1010", type="CreateCustomer", app_id=SOURCE, delivery_mode=2),
        "CommandFailed",
        "undecodable",
    )
    unknown = _command(1011, "SuspendCustomer", "cleo", {"username": "cleo@example.com"})
    return (
        _told(original, original.story, "CustomerCreated", "applied"),
        other,
        short,
        broken,
        _told(unknown, "a command that does not exist", "CommandFailed", "unknown_type"),
    )


def _during_the_outage() -> tuple[Message, ...]:
    names = ("kim", "lou", "max", "nia", "otto")
    signups = [_signup(number, name, "signs up while the provider is away") for number, name in enumerate(names, 1012)]
    disable = _command(1017, "DisableCustomer", "kim", {"username": "kim@example.com"})
    return (*signups, _told(disable, "is disabled right after", "CustomerDisabled", "applied", "disable"))


def _afterwards() -> tuple[Message, ...]:
    rotation = {
        "username": "harbor@example.com",
        "credential_name": "harbor-mailer",
        "new_credential_password": "harbor-mailer-1",
    }
    stranger = {**rotation, "credential_name": "nobody-mailer"}
    disable = _command(1020, "DisableCustomer", "dora", {"username": "dora@example.com"})
    nobody = _command(1021, "DisableCustomer", "zoe", {"username": "zoe@example.com"})
    rotated = _command(1018, "RotateCredential", "harbor", rotation)
    return (
        _told(rotated, "rotates a credential", "CredentialRotated", "applied", "credential_edit"),
        _told(
            _command(1019, "RotateCredential", "harbor", stranger),
            "rotates a credential that does not exist",
            "CommandFailed",
            "provider_rejected",
        ),
        _told(disable, "is disabled", "CustomerDisabled", "applied", "disable"),
        _told(nobody, "is disabled, but never signed up", "CommandFailed", "provider_rejected"),
        _told(rotated, "the same rotation, delivered a second time", "CredentialRotated", "applied"),
    )


def _signup(number: int, name: str, story: str, outcome: str = "applied", **changed: str) -> Message:
    username = f"{name}@example.com"
    message = _command(number, "CreateCustomer", name, {**_form(name), **changed})
    if outcome in {"applied", "already_applied"}:
        return _told(message, story, "CustomerCreated", outcome, "add")
    return Message(story, username, message.body, message.properties, "CommandFailed", outcome)


def _form(name: str) -> Mapping[str, str]:
    return {
        "username": f"{name}@example.com",
        "password": f"{name}-s3cret-password",
        "email": f"{name}@example.com",
        "first_name": name.capitalize(),
        "last_name": "Example",
        "address": "1 Harbor Street",
        "city": "Springfield",
        "state": "CA",
        "zip": "91234",
        "country": "US",
        "phone": "555-0100",
        "website": f"{name}.example.com",
        "company": f"{name.capitalize()} Ltd",
        "package": "Basic",
        "whitelabel": f"mail.{name}.example.com",
    }


def _command(number: int, command: str, name: str, data: Mapping[str, str]) -> Message:
    identity = f"evt_{number}"
    envelope = {
        "specversion": "1.0",
        "type": command,
        "source": SOURCE,
        "id": identity,
        "subject": f"cus_{name}",
        "data": dict(data),
    }
    properties = Properties(content_type=_STRUCTURED, message_id=identity, type=command, app_id=SOURCE, delivery_mode=2)
    return Message("", f"{name}@example.com", json.dumps(envelope).encode(), properties, "", "")


def _told(message: Message, story: str, event: str, outcome: str, change: str = "") -> Message:
    changes = ((change, message.customer),) if change else ()
    return Message(story, message.customer, message.body, message.properties, event, outcome, changes)

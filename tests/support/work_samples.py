"""Deliveries and units of work, as the consumer and the reader make them."""

from dataclasses import replace
from hashlib import sha256

import messages.commands
from messages.catalog import CATALOG
from messages.commands import CreateCustomer, DisableCustomer, RotateCredential
from messages.envelope import Envelope
from messages.envelope import decode as decode_message
from messages.forms import WireMessage
from tests.support import commands
from tests.support.commands import Command
from worker.domain.deliveries import Delivery, Properties, Receipt
from worker.domain.work import Work
from worker.pipeline.reading import read
from worker.provider.calls import login_of

USERNAME = "ada@example.com"
NEW_USERNAME = "countess@example.com"
PASSWORD = "pl4nted-p4ssw0rd"


def create(**changes: str) -> Command:
    """Create Ada, as evt_1 of the billing system."""
    given = {"subject": "cus_42", "id": "evt_1", "password": PASSWORD, "username": USERNAME, **changes}
    return commands.create(given.pop("username"), **given)


def disable(id_: str = "evt_2") -> Command:
    """Disable Ada."""
    return commands.disable(USERNAME, subject="cus_42", id=id_)


def rotate(id_: str = "evt_3") -> Command:
    """Give a credential of Ada's a new password."""
    return commands.rotate(USERNAME, "mailer", PASSWORD, subject="cus_42", id=id_)


def delivery(content: Command | bytes, *, redelivered: bool = False, tag: int = 1, epoch: int = 1) -> Delivery:
    """Deliver a command, or a body that is none."""
    message = content.message() if isinstance(content, Command) else commands.Message(content)
    properties = Properties(**message.properties)
    return Delivery(message.body, properties, redelivered, Receipt(epoch, tag), "provisioning.commands", "any.key", 0.0)


def again(work: Work, tag: int = 2) -> Work:
    """The same message, as the broker brings it again."""
    return read(replace(work.delivery, redelivered=True, receipt=Receipt(2, tag)), fingerprint, login_of)


def work_of(content: Command | bytes, *, redelivered: bool = False, tag: int = 1) -> Work:
    """Make the unit of work of a delivery."""
    return read(delivery(content, redelivered=redelivered, tag=tag), fingerprint, login_of)


def envelope_of(command: Command) -> Envelope:
    """Read the command as the worker does."""
    message = command.message()
    return decode_message(WireMessage(message.body, **message.properties))


def create_command(**changes: str) -> CreateCustomer:
    """Validate the create of Ada."""
    return CreateCustomer.model_validate(create(**changes).data)


def disable_command() -> DisableCustomer:
    """Validate the disable of Ada."""
    return DisableCustomer.model_validate(disable().data)


def rotate_command() -> RotateCredential:
    """Validate the rotation of Ada's credential."""
    return RotateCredential.model_validate(rotate().data)


def commands_about_ada() -> dict[str, messages.commands.Command]:
    """One valid command of each type about Ada, whose credential is `mailer`."""
    ada = {"username": USERNAME}
    given: dict[str, dict[str, object]] = {
        "CreateCustomer": dict(create().data),
        "RetrieveCustomers": {},
        "UpdateProfile": {**ada, "city": "Paris"},
        "ChangePassword": {**ada, "password": PASSWORD},
        "ChangeUsername": {**ada, "new_username": NEW_USERNAME},
        "ChangeEmail": {**ada, "email": NEW_USERNAME},
        "AddCredential": {**ada, "credential_name": "mailer", "credential_password": PASSWORD},
        "RotateCredential": {**ada, "credential_name": "mailer", "new_credential_password": PASSWORD},
        "RemoveCredential": {**ada, "credential_name": "mailer"},
        "UpdateUserProfile": {"on_behalf_of": USERNAME, "city": "Paris"},
    }
    return {
        name: entry.model.model_validate(given.get(name, dict(entry.model.examples[0])))
        for name, entry in CATALOG.items()
    }


def fingerprint(type_: str, subject: str | None, content: bytes) -> tuple[bytes, ...]:
    """Fingerprint without a key: enough to distinguish contents."""
    return (sha256(f"{type_}|{subject}|".encode() + content).digest(),)

"""Builds messages as emitters send them, in each of the three forms, to be broken one place at a time."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from messages.catalog import CATALOG
from messages.envelope import decode
from messages.errors import MessageError
from messages.forms import WireMessage

SECRET = "zQ7-pl4nted-s3cret"
Build = Callable[..., WireMessage]

CUSTOMER = {"username": "ada@example.com"}
PROFILE = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "address": "12 St James's Square",
    "city": "London",
    "state": "England",
    "zip": "SW1Y 4JH",
    "country": "GB",
    "phone": "+44 20 7946 0000",
    "website": "https://example.com",
    "company": "Analytical Engines",
}
_GIVEN: Mapping[str, Mapping[str, Any]] = {
    "CreateCustomer": {
        **CUSTOMER,
        "password": SECRET,
        "email": "ada@example.com",
        **PROFILE,
        "package": "Basic",
        "whitelabel": "mail.example.com",
    },
    "RetrieveCustomers": {**CUSTOMER, "active": True, **PROFILE, "limit": 50, "offset": 50},
    "UpdateProfile": {**CUSTOMER, **PROFILE},
    "ChangePassword": {**CUSTOMER, "password": SECRET},
    "AddCredential": {**CUSTOMER, "credential_name": "smtp", "credential_password": SECRET},
    "RotateCredential": {**CUSTOMER, "credential_name": "smtp", "new_credential_password": SECRET},
    "RemoveCredential": {**CUSTOMER, "credential_name": "smtp"},
    "UpdateUserProfile": {"on_behalf_of": "ada@example.com", "address2": "2nd floor", **PROFILE},
}

DATA = {name: dict(_GIVEN.get(name, entry.model.examples[-1])) for name, entry in CATALOG.items()}

#: The fields that a command cannot do without.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    **{type_: tuple(fields) for type_, fields in DATA.items()},
    "RetrieveCustomers": (),
    "UpdateProfile": ("username",),
    "UpdateUserProfile": ("on_behalf_of",),
}

ENVELOPE: Mapping[str, Any] = {
    "specversion": "1.0",
    "type": "DisableCustomer",
    "source": "billing",
    "id": "evt_1001",
    "subject": "cus_42",
    "time": "2026-11-21T09:30:00Z",
    "correlationid": "order_7",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}


def given(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The usual envelope with these attributes instead; None leaves one out."""
    return {name: value for name, value in {**ENVELOPE, **attributes}.items() if value is not None}


def structured(data: object = None, /, **attributes: object) -> WireMessage:
    """The envelope in the body."""
    envelope = given(attributes)
    body = json.dumps({**envelope, "data": DATA[str(envelope.get("type"))] if data is None else data})
    return WireMessage(body.encode(), content_type="application/cloudevents+json; charset=utf-8")


def binary(data: object = None, /, *, prefix: str = "ce-", **attributes: object) -> WireMessage:
    """The envelope in the headers."""
    envelope = given(attributes)
    body = json.dumps(DATA[str(envelope.get("type"))] if data is None else data)
    headers = {f"{prefix}{name}": value for name, value in envelope.items()}
    return WireMessage(body.encode(), content_type="application/json", headers=headers)


def bare(data: object = None, /, **attributes: Any) -> WireMessage:  # noqa: ANN401 - broken on purpose
    """The envelope in AMQP's own properties."""
    envelope = given(attributes)
    body = json.dumps(DATA[str(envelope.get("type"))] if data is None else data)
    return WireMessage(
        body.encode(),
        content_type="application/json",
        type=envelope.get("type"),
        message_id=envelope.get("id"),
        app_id=envelope.get("source"),
        correlation_id=envelope.get("correlationid"),
        timestamp=1_795_253_400 if "time" in envelope else None,
        headers={name: envelope[name] for name in ("subject", "traceparent") if name in envelope},
    )


FORMS: Mapping[str, Build] = {"structured": structured, "binary": binary, "bare": bare}


def refused(message: WireMessage) -> MessageError:
    """Decode what is no command, and return why."""
    try:
        decode(message)
    except MessageError as error:
        return error
    raise AssertionError("this is a valid command")


def faults(message: WireMessage) -> tuple[str, ...]:
    """The broken rules of a message; none when it is a command."""
    try:
        decode(message)
    except MessageError as error:
        return error.faults
    return ()


def create(**fields: object) -> WireMessage:
    """A CreateCustomer with these fields instead; `...` leaves one out."""
    return command("CreateCustomer", fields)


def rotate(**fields: object) -> WireMessage:
    """A RotateCredential with these fields instead; `...` leaves one out."""
    return command("RotateCredential", fields)


def disable(**fields: object) -> WireMessage:
    """A DisableCustomer with these fields instead; `...` leaves one out."""
    return command("DisableCustomer", fields)


def broken(type_: str, **fields: object) -> tuple[str, ...]:
    """The broken rules of a command with these fields instead; `...` leaves one out."""
    return faults(command(type_, fields))


def command(type_: str, fields: Mapping[str, object]) -> WireMessage:
    """A structured command with these fields instead; `...` leaves one out."""
    merged = {**DATA[type_], **fields}
    return structured({name: value for name, value in merged.items() if value is not ...}, type=type_)

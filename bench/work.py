"""What every system beside the worker does with one command: the same check, the same call, the same event.

Settings are the worker's own names, as far as there is a use for them.
"""

import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter

PATHS = {
    "CreateCustomer": "/apiv2/reseller.add.json",
    "DisableCustomer": "/apiv2/reseller.manage.json",
    "RotateCredential": "/apiv2/reseller.credential.json",
}
_EVENTS = {
    "CreateCustomer": "CustomerCreated",
    "DisableCustomer": "CustomerDisabled",
    "RotateCredential": "CredentialRotated",
}
SUCCESS = {"message": "success"}
TIMEOUT_SECONDS = 10
CONTENT_TYPE = "application/cloudevents+json"
PERSISTENT = 2


class _Wanted(BaseModel):
    username: str


class _Envelope(BaseModel):
    specversion: Literal["1.0"]
    source: str
    id: str
    subject: str
    time: AwareDatetime


class _NewCustomer(_Wanted):
    password: str
    email: str
    first_name: str
    last_name: str
    address: str
    city: str
    state: str
    zip: str
    country: str
    phone: str
    website: str
    company: str
    package: str
    whitelabel: str


class _NewCredential(_Wanted):
    credential_name: str
    new_credential_password: str


class SignUp(_Envelope):
    """A new customer."""

    type: Literal["CreateCustomer"]
    data: _NewCustomer


class Disabling(_Envelope):
    """A customer who is to be disabled."""

    type: Literal["DisableCustomer"]
    data: _Wanted


class Rotation(_Envelope):
    """A new password of a credential."""

    type: Literal["RotateCredential"]
    data: _NewCredential


BenchCommand = Annotated[SignUp | Disabling | Rotation, Field(discriminator="type")]
COMMANDS: TypeAdapter[SignUp | Disabling | Rotation] = TypeAdapter(BenchCommand)


class BenchSettings:
    """Where the queue, the exchange of events and the provider are. Raises KeyError when one of them is not set."""

    def __init__(self) -> None:
        self.broker_url = os.environ["PROVISIONING_AMQP__URL"]
        prefix = os.environ["PROVISIONING_AMQP__PREFIX"]
        self.queue = f"{prefix}.commands.00"
        self.events = f"{prefix}.events"
        self.provider_url = os.environ["PROVISIONING_PROVIDER__BASE_URL"]
        self.calls = int(os.environ["PROVISIONING_WORKER__CONCURRENCY"])
        self._login = {
            "api_user": os.environ["PROVISIONING_PROVIDER__API_USER"],
            "api_key": os.environ["PROVISIONING_PROVIDER__API_KEY"],
        }

    def url(self, command: SignUp | Disabling | Rotation) -> str:
        """Where the call goes."""
        return self.provider_url + PATHS[command.type]

    def form(self, command: SignUp | Disabling | Rotation) -> dict[str, str]:
        """The arguments of the call."""
        if isinstance(command, SignUp):
            return {**self._login, **command.data.model_dump(), "confirm_password": command.data.password}
        if isinstance(command, Disabling):
            return {**self._login, "method": "disable", "user": command.data.username}
        return {
            **self._login,
            "task": "edit",
            "user": command.data.username,
            "credential_name": command.data.credential_name,
            "new_credential_password": command.data.new_credential_password,
        }


def require_success(status: int, body: object) -> None:
    """Raise RuntimeError unless the provider did it."""
    if body != SUCCESS:
        raise RuntimeError(f"the provider answered {status}")


def event_of(command: SignUp | Disabling | Rotation) -> dict[str, Any]:
    """The result event."""
    now = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "bench",
        "type": _EVENTS[command.type],
        "subject": command.subject,
        "time": now,
        "datacontenttype": "application/json",
        "correlationid": command.id,
        "data": {
            "command_id": command.id,
            "command_source": command.source,
            "command_type": command.type,
            "username": command.data.username,
            "completed_at": now,
        },
    }


def key_of(event: dict[str, Any]) -> str:
    """The event's routing key."""
    return f"{event['type']}.{event['data']['command_source']}"

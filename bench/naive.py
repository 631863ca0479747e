"""The loop that is written on the first day: one message at a time, and nothing remembered.

It does what each command asks with a plain `requests.Session`, publishes the result event confirmed, and acks. A crash
at the wrong moment repeats a call, a failure ends it, and one slow call delays everybody. It reads the same settings as
the worker, as far as it has any use for them.
"""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import pika
import requests

_PATHS = {
    "CreateCustomer": "/apiv2/reseller.add.json",
    "DisableCustomer": "/apiv2/reseller.manage.json",
    "RotateCredential": "/apiv2/reseller.credential.json",
}
_EVENTS = {
    "CreateCustomer": "CustomerCreated",
    "DisableCustomer": "CustomerDisabled",
    "RotateCredential": "CredentialRotated",
}
_TIMEOUT_SECONDS = 10
_PERSISTENT = 2


class Naive:
    """Consumes one queue for ever; the same prefetch as the worker, so that it never waits for a delivery."""

    def __init__(self, channel: Any, prefix: str, provider_url: str) -> None:  # noqa: ANN401 - pika ships no types
        self._channel = channel
        self._prefix = prefix
        self._provider_url = provider_url
        self._session = requests.Session()

    def run(self) -> None:
        """Work until killed."""
        self._channel.confirm_delivery()
        self._channel.basic_qos(prefetch_count=500)
        self._channel.basic_consume(f"{self._prefix}.commands.00", self._on_message)
        self._channel.start_consuming()

    def _on_message(self, channel: Any, method: Any, _properties: object, body: bytes) -> None:  # noqa: ANN401 - pika's
        command = json.loads(body)
        form = {
            "api_user": os.environ["PROVISIONING_PROVIDER__API_USER"],
            "api_key": os.environ["PROVISIONING_PROVIDER__API_KEY"],
            **_form(command["type"], command["data"]),
        }
        answer = self._session.post(self._provider_url + _PATHS[command["type"]], data=form, timeout=_TIMEOUT_SECONDS)
        if answer.json() != {"message": "success"}:
            raise RuntimeError(f"the provider answered {answer.status_code}")
        self._publish(command)
        channel.basic_ack(method.delivery_tag)

    def _publish(self, command: dict[str, Any]) -> None:
        event = _event(command)
        properties = pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
            content_type="application/cloudevents+json",
            delivery_mode=_PERSISTENT,
            message_id=event["id"],
            type=event["type"],
            correlation_id=event["correlationid"],
        )
        key = f"{event['type']}.{command['source']}"
        self._channel.basic_publish(f"{self._prefix}.events", key, json.dumps(event), properties, mandatory=True)


def _form(kind: str, data: dict[str, str]) -> dict[str, str]:
    if kind == "CreateCustomer":
        return {**data, "confirm_password": data["password"]}
    if kind == "DisableCustomer":
        return {"method": "disable", "user": data["username"]}
    return {
        "task": "edit",
        "user": data["username"],
        "credential_name": data["credential_name"],
        "new_credential_password": data["new_credential_password"],
    }


def _event(command: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "naive",
        "type": _EVENTS[command["type"]],
        "subject": command["subject"],
        "time": now,
        "datacontenttype": "application/json",
        "correlationid": command["id"],
        "data": {
            "command_id": command["id"],
            "command_source": command["source"],
            "command_type": command["type"],
            "username": command["data"]["username"],
            "completed_at": now,
        },
    }


def main() -> None:
    """Connect and run."""
    connection = pika.BlockingConnection(pika.URLParameters(os.environ["PROVISIONING_AMQP__URL"]))
    prefix = os.environ["PROVISIONING_AMQP__PREFIX"]
    Naive(connection.channel(), prefix, os.environ["PROVISIONING_PROVIDER__BASE_URL"]).run()


if __name__ == "__main__":
    main()

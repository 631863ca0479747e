"""The loop that is written on the first day: one message at a time, and nothing remembered.

It does what each command asks with a plain `requests.Session`, publishes the result event confirmed, and acks. A crash
at the wrong moment repeats a call, a failure ends it, and one slow call delays everybody.
"""

import json
from typing import Any

import pika
import requests

from bench.work import (
    COMMANDS,
    CONTENT_TYPE,
    PERSISTENT,
    TIMEOUT_SECONDS,
    BenchSettings,
    event_of,
    key_of,
    require_success,
)


class Naive:
    """Consumes one queue for ever; the same prefetch as the worker, so that it never waits for a delivery."""

    def __init__(self, channel: Any, settings: BenchSettings) -> None:  # noqa: ANN401 - pika ships no types
        self._channel = channel
        self._settings = settings
        self._session = requests.Session()

    def run(self) -> None:
        """Work until killed."""
        self._channel.confirm_delivery()
        self._channel.basic_qos(prefetch_count=500)
        self._channel.basic_consume(self._settings.queue, self._on_message)
        self._channel.start_consuming()

    def _on_message(self, channel: Any, method: Any, _properties: object, body: bytes) -> None:  # noqa: ANN401 - pika's
        command = COMMANDS.validate_json(body)
        url, form = self._settings.url(command), self._settings.form(command)
        answer = self._session.post(url, data=form, timeout=TIMEOUT_SECONDS)
        require_success(answer.status_code, answer.json())
        self._publish(event_of(command))
        channel.basic_ack(method.delivery_tag)

    def _publish(self, event: dict[str, Any]) -> None:
        properties = event_properties(event)
        self._channel.basic_publish(self._settings.events, key_of(event), json.dumps(event), properties, mandatory=True)


def event_properties(event: dict[str, Any]) -> pika.BasicProperties:
    """What a published event carries beside its body."""
    return pika.BasicProperties(  # type: ignore[no-untyped-call]  # pika's are generated
        content_type=CONTENT_TYPE,
        delivery_mode=PERSISTENT,
        message_id=event["id"],
        type=event["type"],
        correlation_id=event["correlationid"],
    )


def main() -> None:
    """Connect and run."""
    settings = BenchSettings()
    connection = pika.BlockingConnection(pika.URLParameters(settings.broker_url))
    Naive(connection.channel(), settings).run()


if __name__ == "__main__":
    main()

"""Dramatiq: a RabbitmqBroker that waits for confirms, one actor, worker threads, no results.

The queue is the one that the others consume, whose arguments its own declaration would contradict, so it is only
looked for. The event goes out on the broker's own channel of the worker thread, as its messages do.
"""

import json
import threading
from typing import Any

import dramatiq
import requests
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from bench.naive import event_properties
from bench.work import COMMANDS, TIMEOUT_SECONDS, BenchSettings, event_of, key_of, require_success

settings = BenchSettings()
local = threading.local()


class FoundQueue(RabbitmqBroker):
    """Consumes a queue that somebody else has declared."""

    def _declare_queue(self, queue_name: str) -> Any:  # noqa: ANN401 - pika ships no types
        return self.channel.queue_declare(queue=queue_name, passive=True)


broker = FoundQueue(url=settings.broker_url, confirm_delivery=True)
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name=settings.queue)
def apply(body: dict[str, Any]) -> None:
    """Do one command."""
    command = COMMANDS.validate_python(body)
    answer = _session().post(settings.url(command), data=settings.form(command), timeout=TIMEOUT_SECONDS)
    require_success(answer.status_code, answer.json())
    event = event_of(command)
    text, properties = json.dumps(event), event_properties(event)
    broker.channel.basic_publish(settings.events, key_of(event), text, properties, mandatory=True)


def _session() -> requests.Session:
    if not hasattr(local, "session"):
        local.session = requests.Session()
    session: requests.Session = local.session
    return session

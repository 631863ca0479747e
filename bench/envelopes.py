"""How a command lies in the queue: as it is, or in the envelope of the library that is to take it."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.orders import BenchOrder
from bench.work import CONTENT_TYPE


@dataclass(frozen=True, slots=True)
class BenchEnvelope:
    """A message's body and what it carries beside it."""

    body: bytes
    content_type: str
    headers: dict[str, Any] = field(default_factory=dict)
    encoding: str | None = None
    correlation_id: str | None = None


#: Makes an envelope for a command and the queue that it goes to.
Wrapping = Callable[[BenchOrder, str], BenchEnvelope]


def plain(order: BenchOrder, _queue: str) -> BenchEnvelope:
    """The command itself."""
    return BenchEnvelope(order.body, CONTENT_TYPE)


def for_faststream(order: BenchOrder, _queue: str) -> BenchEnvelope:
    """The command itself, named as the JSON that FastStream decodes."""
    return BenchEnvelope(order.body, "application/json")


def for_dramatiq(order: BenchOrder, queue: str) -> BenchEnvelope:
    """A message for Dramatiq's actor `apply`."""
    message = {
        "queue_name": queue,
        "actor_name": "apply",
        "args": [json.loads(order.body)],
        "kwargs": {},
        "options": {},
        "message_id": str(uuid.uuid4()),
        "message_timestamp": time.time_ns() // 1_000_000,
    }
    return BenchEnvelope(json.dumps(message, separators=(",", ":")).encode(), "application/json")


def for_celery(order: BenchOrder, _queue: str) -> BenchEnvelope:
    """A message for Celery's task `apply`, version 2 of its protocol."""
    identity = str(uuid.uuid4())
    headers = {"lang": "py", "task": "apply", "id": identity, "root_id": identity, "retries": 0, "ignore_result": True}
    about = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    body = json.dumps([[json.loads(order.body)], {}, about]).encode()
    return BenchEnvelope(body, "application/json", headers, "utf-8", identity)

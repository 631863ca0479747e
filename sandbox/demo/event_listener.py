"""Collects every result event and every dead letter of the demonstration, on a thread of its own."""

import json
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from pika.exceptions import AMQPError

from sandbox.demo.broker import connected

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ArrivedDeadLetter:
    """One dead letter, by its headers."""

    headers: Mapping[str, Any]


class EventListener:
    """Listens to both exchanges of a prefix from `with` on. Raises ServerUnavailable when the broker refuses."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = prefix
        self._events: list[dict[str, Any]] = []
        self._dead_letters: list[ArrivedDeadLetter] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        """Listen from now on."""
        with ExitStack() as opening:
            channel = opening.enter_context(connected(self._url)).channel()
            queue = channel.queue_declare("", exclusive=True).method.queue
            for exchange in ("events", "dead-letters"):
                channel.queue_bind(queue, f"{self._prefix}.{exchange}", "#")
            thread = threading.Thread(target=self._listen, args=(channel, queue), daemon=True)
            thread.start()
            opening.callback(thread.join)
            self._cleanup = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._stopped = True
        self._cleanup.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every result event so far, in the order of their arrival."""
        return list(self._events)

    @property
    def dead_letters(self) -> list[ArrivedDeadLetter]:
        """Every dead letter so far."""
        return list(self._dead_letters)

    def wait(self, events: int, dead_letters: int, seconds: float) -> bool:
        """Wait until so many have arrived; False when the time is over first, or the broker is gone."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self._events) >= events and len(self._dead_letters) >= dead_letters, timeout=seconds
            )

    def _listen(self, channel: Any, queue: str) -> None:  # noqa: ANN401 - pika has no types
        try:
            for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=_POLL_SECONDS):
                if self._stopped:
                    return
                if method is not None:
                    self._take(method.exchange, properties.headers or {}, body)
        except (AMQPError, OSError):
            # What is missing then is found by the checks.
            return

    def _take(self, exchange: str, headers: Mapping[str, Any], body: bytes) -> None:
        with self._changed:
            if exchange.endswith(".dead-letters"):
                self._dead_letters.append(ArrivedDeadLetter(headers))
            else:
                self._events.append(json.loads(body))
            self._changed.notify_all()

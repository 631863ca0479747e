"""The bound: as little as can stand between a queue and the provider and still be honest to the broker.

One connection that consumes and acks, one that publishes and hears the confirms, a pool of threads for the calls, and
requests' adapter without a session. No ledger, no order, no look for repeats, no retry, no log: a crash repeats
calls, a failed call ends the program.
"""

import json
import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pika
import requests
from requests.adapters import HTTPAdapter

from bench.naive import event_properties
from bench.work import COMMANDS, TIMEOUT_SECONDS, BenchSettings, event_of, key_of, require_success


class Line:
    """One connection in a thread of its own. `opened` gets its channel, in that thread; whatever ends it ends all."""

    def __init__(self, url: str, opened: Callable[[Any], None]) -> None:
        self._opened = opened
        self._todo: deque[Callable[[], None]] = deque()
        self._called = False
        self._connection = pika.SelectConnection(
            pika.URLParameters(url), on_open_callback=self._open, on_open_error_callback=_end, on_close_callback=_end
        )

    def start(self) -> threading.Thread:
        """Run until something fails."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        return thread

    def soon(self, task: Callable[[], None]) -> None:
        """Have something done in its thread. Many tasks share one call across, which is what costs most here."""
        self._todo.append(task)
        if not self._called:
            self._called = True
            self._connection.ioloop.add_callback_threadsafe(self._work)

    def _run(self) -> None:
        try:
            self._connection.ioloop.start()
        finally:
            os._exit(1)

    def _open(self, connection: Any) -> None:  # noqa: ANN401 - pika ships no types
        connection.channel(on_open_callback=self._opened)

    def _work(self) -> None:
        self._called = False
        while self._todo:
            self._todo.popleft()()


class Bare:
    """Takes commands from one connection, does them in a pool, publishes on the other, acks what is confirmed."""

    def __init__(self, settings: BenchSettings) -> None:
        self._settings = settings
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=settings.calls)
        self._pool = ThreadPoolExecutor(settings.calls)
        self._unconfirmed: dict[int, int] = {}
        self._published = 0
        self._consumer: Any = None
        self._publisher: Any = None
        self._may_publish = threading.Event()
        self._in = Line(settings.broker_url, self._consume)
        self._out = Line(settings.broker_url, self._confirm)

    def run(self) -> None:
        """Work until killed."""
        self._out.start()
        self._may_publish.wait()
        self._in.start().join()

    def _consume(self, channel: Any) -> None:  # noqa: ANN401 - pika ships no types
        self._consumer = channel
        channel.basic_qos(prefetch_count=2 * self._settings.calls)
        channel.basic_consume(self._settings.queue, self._on_message)

    def _confirm(self, channel: Any) -> None:  # noqa: ANN401 - pika ships no types
        channel.confirm_delivery(self._on_confirm)
        self._publisher = channel
        self._may_publish.set()

    def _on_message(self, _channel: object, method: Any, _properties: object, body: bytes) -> None:  # noqa: ANN401
        self._pool.submit(self._apply, method.delivery_tag, body).add_done_callback(_end_if_failed)

    def _apply(self, tag: int, body: bytes) -> None:
        command = COMMANDS.validate_json(body)
        request = requests.Request("POST", self._settings.url(command), data=self._settings.form(command)).prepare()
        answer = self._adapter.send(request, timeout=TIMEOUT_SECONDS)
        require_success(answer.status_code, answer.json())
        event = event_of(command)
        text, properties = json.dumps(event).encode(), event_properties(event)
        self._out.soon(lambda: self._publish(tag, key_of(event), text, properties))

    def _publish(self, tag: int, key: str, text: bytes, properties: pika.BasicProperties) -> None:
        self._published += 1
        self._unconfirmed[self._published] = tag
        self._publisher.basic_publish(self._settings.events, key, text, properties, mandatory=True)

    def _on_confirm(self, frame: Any) -> None:  # noqa: ANN401 - pika ships no types
        method = frame.method
        if isinstance(method, pika.spec.Basic.Nack):
            _end()
        last = method.delivery_tag
        first = next(iter(self._unconfirmed)) if method.multiple else last
        numbers = [number for number in range(first, last + 1) if number in self._unconfirmed]
        tags = [self._unconfirmed.pop(number) for number in numbers]
        self._in.soon(lambda: self._ack(tags))

    def _ack(self, tags: list[int]) -> None:
        for tag in tags:
            self._consumer.basic_ack(tag)


def _end_if_failed(work: Any) -> None:  # noqa: ANN401 - a Future of whatever
    if (problem := work.exception()) is not None:
        _end(problem)


def _end(*reasons: object) -> None:
    print("ended:", *reasons, flush=True)
    os._exit(1)


def main() -> None:
    """Connect and run."""
    Bare(BenchSettings()).run()


if __name__ == "__main__":
    main()

"""Prints the result of each command that was sent, as it arrives, while others are still being sent."""

import json
import sys
import threading
from types import TracebackType
from typing import Any, Self

from worker.broker.consume.listener import ExchangeListener, PublishedMessage
from worker.cli.commands.send.checking import Prepared
from worker.cli.terminal.output import as_json
from worker.domain.result_events import source_slug

_LISTEN_SECONDS = 0.05
_JOIN_SECONDS = 5.0
#: A longer one may be cut where events are published, so that no key of ours would fit.
_MAX_SLUG_BYTES = 200

Key = tuple[str, str]


class Results:
    """Listens on a thread of its own; `expect` and `wait` are for one other thread.

    Both raise what ended the listening: BrokerUnreachable, or BrokenPipeError when nobody reads the results any more.
    """

    def __init__(self, listener: ExchangeListener) -> None:
        self.succeeded = self.failed = 0
        self._listener = listener
        self._changed = threading.Condition()
        self._waiting: set[Key] = set()
        self._answered: set[Key] = set()
        #: Each binding key that is wanted, and whether it is bound.
        self._routes: dict[str, bool] = {}
        self._stopped = False
        self._ended_by: Exception | None = None
        self._thread = threading.Thread(target=self._listen, name="results", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to listen; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stopped = True
        if self._thread.is_alive():
            self._thread.join(_JOIN_SECONDS)

    def __enter__(self) -> Self:
        """Begin to listen; returns at once."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self.stop()

    def expect(self, command: Prepared) -> None:
        """Return once this command's result cannot be missed."""
        route, key = _route(command.source), (command.source, command.id)
        with self._changed:
            if key not in self._answered:
                self._waiting.add(key)
            self._routes.setdefault(route, False)
            self._changed.wait_for(lambda: self._routes[route] or self._ended_by)
            if self._ended_by:
                raise self._ended_by

    def wait(self, timeout_seconds: float) -> tuple[str, ...]:
        """Wait for what is still missing, at most so long; returns the ids of what is missing then."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._ended_by, timeout_seconds)
            if self._ended_by and self._waiting:
                raise self._ended_by
        return self.missing()

    def missing(self) -> tuple[str, ...]:
        """The ids of the commands whose result events have not come so far."""
        with self._changed:
            return tuple(sorted(identity for _, identity in self._waiting))

    def _listen(self) -> None:
        try:
            with self._listener as listener:
                for received in listener.receive(_LISTEN_SECONDS):
                    self._bind_wanted(listener)
                    if received is not None:
                        self._take(received)
                    if self._stopped:
                        return
        except Exception as exc:  # noqa: BLE001 - it ends this thread alone; the other one raises it
            with self._changed:
                self._ended_by = exc
                self._changed.notify_all()

    def _bind_wanted(self, listener: ExchangeListener) -> None:
        for route in [route for route, bound in tuple(self._routes.items()) if not bound]:
            listener.bind(route)
            with self._changed:
                self._routes[route] = True
                self._changed.notify_all()

    def _take(self, received: PublishedMessage) -> None:
        event = _event(received.body)
        match event:
            case {"type": str(kind), "data": {"command_source": str(source), "command_id": str(identity)}}:
                key = source, identity
            case _:
                return
        with self._changed:
            if key not in self._waiting:
                return
        sys.stdout.write(as_json(event) + "\n")
        # Whoever reads along sees each result when it comes, not when a buffer is full.
        sys.stdout.flush()
        with self._changed:
            self._waiting.remove(key)
            self._answered.add(key)
            self.failed += kind == "CommandFailed"
            self.succeeded += kind != "CommandFailed"
            self._changed.notify_all()


def _route(source: str) -> str:
    """The binding key that every event to this source fits."""
    slug = source_slug(source)
    return f"*.{slug}" if len(slug) <= _MAX_SLUG_BYTES else "#"


def _event(body: bytes) -> Any:  # noqa: ANN401 - any JSON; what is no result event is nobody's
    try:
        return json.loads(body)
    except ValueError:
        return None

"""Prints the result of each command that was sent, as it arrives, while others are still being sent."""

import json
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from worker.broker.listening import Heard, Listener
from worker.cli.output import as_json
from worker.cli.send.checking import Prepared
from worker.domain.results import source_slug

_LISTEN_SECONDS = 0.05
_JOIN_SECONDS = 5.0
#: A longer one may be cut where events are published, so that no key of ours would fit.
_MAX_SLUG_BYTES = 200

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """How many succeeded, how many failed, and the ids that nothing was heard of."""

    succeeded: int
    failed: int
    missing: tuple[str, ...]


class Results:
    """Listens on a thread of its own; `expect` and `tally` are for one other thread.

    Both raise what ended the listening: BrokerUnreachable, or BrokenPipeError when nobody reads the results any more.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._changed = threading.Condition()
        self._waiting: set[Key] = set()
        self._told: set[Key] = set()
        self._wanted: set[str] = set()
        self._bound: set[str] = set()
        self._counts = {True: 0, False: 0}
        self._stopped = False
        self._ended_by: Exception | None = None
        self._thread = threading.Thread(target=self._listen, name="results", daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen; returns at once."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._stopped = True
        self._thread.join(_JOIN_SECONDS)

    def expect(self, command: Prepared) -> None:
        """Return once this command's result cannot be missed."""
        route, key = _route(command.source), (command.source, command.id)
        with self._changed:
            if key not in self._told:
                self._waiting.add(key)
            self._wanted.add(route)
            self._changed.wait_for(lambda: route in self._bound or self._ended_by)
            self._raise_what_ended_it()

    def tally(self, timeout_seconds: float) -> Tally:
        """Wait for what is still missing, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._ended_by, timeout_seconds)
            if self._waiting:
                self._raise_what_ended_it()
            return Tally(self._counts[True], self._counts[False], self._missing())

    def missing(self) -> tuple[str, ...]:
        """The ids that nothing was heard of so far."""
        with self._changed:
            return self._missing()

    def _missing(self) -> tuple[str, ...]:
        return tuple(sorted(identity for _, identity in self._waiting))

    def _raise_what_ended_it(self) -> None:
        if self._ended_by is not None:
            raise self._ended_by

    def _listen(self) -> None:
        try:
            with self._listener as listener:
                for heard in listener.hear(_LISTEN_SECONDS):
                    self._bind_wanted(listener)
                    if heard is not None:
                        self._take(heard)
                    if self._stopped:
                        return
        except Exception as exc:  # noqa: BLE001 - it ends this thread alone; the other one raises it
            with self._changed:
                self._ended_by = exc
                self._changed.notify_all()

    def _bind_wanted(self, listener: Listener) -> None:
        with self._changed:
            new = self._wanted - self._bound
        for route in new:
            listener.bind(route)
        if new:
            with self._changed:
                self._bound |= new
                self._changed.notify_all()

    def _take(self, heard: Heard) -> None:
        event = _event(heard.body)
        key = _command_of(event)
        with self._changed:
            if key is None or key not in self._waiting:
                return
        sys.stdout.write(as_json(event) + "\n")
        # Whoever reads along sees each result when it comes, not when a buffer is full.
        sys.stdout.flush()
        with self._changed:
            self._waiting.remove(key)
            self._told.add(key)
            self._counts[event["type"] != "CommandFailed"] += 1
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


def _command_of(event: object) -> Key | None:
    """Whose result it is; None for what is no result event."""
    match event:
        case {"type": str(), "data": {"command_source": str(source), "command_id": str(identity)}}:
            return source, identity
        case _:
            return None

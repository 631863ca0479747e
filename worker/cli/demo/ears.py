"""Hears every event and every dead letter of the demonstration, on threads of their own."""

import json
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from worker.broker.address import BrokerAddress
from worker.broker.listening import Heard, Listener
from worker.errors import BrokerUnreachable

_BEAT_SECONDS = 0.1


class Ears:
    """Listens to both exchanges from `with` on."""

    def __init__(self, address: BrokerAddress, exchanges: Sequence[str]) -> None:
        self._listeners = [Listener(address, exchange, ["#"]) for exchange in exchanges]
        self._heard: list[list[Heard]] = [[] for _ in exchanges]
        self._changed = threading.Condition()
        self._done = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Listen from now on."""
        for listener in self._listeners:
            listener.__enter__()
        self._threads = [
            threading.Thread(target=self._listen, args=pair, daemon=True)
            for pair in zip(self._listeners, self._heard, strict=True)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._done = True
        for thread in self._threads:
            thread.join()
        for listener in self._listeners:
            listener.__exit__(kind, error, trace)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event so far."""
        return [json.loads(heard.body) for heard in self._heard[0]]

    @property
    def letters(self) -> list[Heard]:
        """Every dead letter so far."""
        return list(self._heard[1])

    def wait(self, events: int, letters: int, seconds: float) -> bool:
        """Wait until so many were heard; False when the time is over first."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self._heard[0]) >= events and len(self._heard[1]) >= letters, timeout=seconds
            )

    def _listen(self, listener: Listener, into: list[Heard]) -> None:
        try:
            for heard in listener.hear(_BEAT_SECONDS):
                if self._done:
                    return
                if heard is not None:
                    with self._changed:
                        into.append(heard)
                        self._changed.notify_all()
        except BrokerUnreachable:
            # Whoever waits for more will say that it did not come.
            return

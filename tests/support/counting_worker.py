"""The program with counters: what it has done since the first delivery came is written into a file when it ends.

Its argument is the file. Everything else is as in a real run.
"""

import json
import sqlite3
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from unittest.mock import patch

from pika.adapters.select_connection import EPollPoller
from sqlalchemy import Engine, event

from worker.broker.connection.wire import WireConnection
from worker.cli.commands.run import run
from worker.domain.work import Step

#: Appending is one step for all threads; adding to a number is not.
_happened: list[str] = []


class WatchedQueue(SimpleQueue[Any]):
    """Reports each time that somebody who waits was woken by what came."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401 - as it is
        try:
            return super().get(block=False)
        except Empty:
            if not block:
                raise
        item = super().get(block, timeout)
        _woken()
        return item


def _woken() -> None:
    _happened.append(f"wake-ups of {threading.current_thread().name.rstrip('-0123456789')}")


def _watch_statements(connection: sqlite3.Connection, _entry: object) -> None:
    connection.set_trace_callback(lambda statement: _happened.append(_kind(statement)))


def _kind(statement: str) -> str:
    return "commits" if statement == "COMMIT" else "statements"


def _watch(patches: ExitStack) -> None:
    event.listen(Engine, "connect", _watch_statements)
    wait, dispatch = threading.Condition.wait, EPollPoller._dispatch_fd_events
    send, write = WireConnection._output_marshaled_frames, WireConnection._adapter_emit_data
    take = WireConnection._on_data_available

    def waited(condition: threading.Condition, timeout: float | None = None) -> bool:
        woken = wait(condition, timeout)
        if woken:
            _woken()
        return woken

    def dispatched(poller: EPollPoller, events: dict[int, int]) -> None:
        if events:
            _woken()
        dispatch(poller, events)

    def sent(connection: WireConnection, frames: Sequence[bytes]) -> None:
        _happened.extend(["frames sent"] * len(frames))
        send(connection, frames)

    def taken(connection: WireConnection, content: bytes) -> None:
        before = connection.frames_received
        take(connection, content)
        # None where the connection has just ended: it begins to count anew.
        _happened.extend(["frames received"] * (connection.frames_received - before))

    def written(connection: WireConnection, content: bytes) -> None:
        _happened.append("writes to the broker")
        write(connection, content)

    patches.enter_context(patch.object(threading.Condition, "wait", waited))
    patches.enter_context(patch.object(EPollPoller, "_dispatch_fd_events", dispatched))
    patches.enter_context(patch.object(WireConnection, "_output_marshaled_frames", sent))
    patches.enter_context(patch.object(WireConnection, "_on_data_available", taken))
    patches.enter_context(patch.object(WireConnection, "_adapter_emit_data", written))
    for name, module in tuple(sys.modules.items()):
        if name.startswith("worker.") and hasattr(module, "SimpleQueue"):
            patches.enter_context(patch.object(module, "SimpleQueue", WatchedQueue))


def main() -> None:
    """Run the worker, and write down what it did."""
    before: Counter[str] = Counter()

    def reached(step: Step) -> None:
        if step is Step.ARRIVED and not before:
            before.update(Counter(_happened))

    with ExitStack() as patches:
        _watch(patches)
        patches.enter_context(patch("worker.cli.commands.run._pass", reached))
        try:
            run()
        finally:
            Path(sys.argv[1]).write_text(json.dumps(Counter(_happened) - before), encoding="utf-8")


if __name__ == "__main__":
    main()

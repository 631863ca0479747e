"""The whole program in one process, without a broker: a part that dies ends it, and a stop leaves nothing."""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.logged import Logged
from worker.app import App
from worker.assembly import Surroundings
from worker.broker.connection.loop import BrokerLoop
from worker.exits import Exit
from worker.intake.gate import IntakeGate
from worker.intake.sharing import Sharing
from worker.ledger.pruning.schedule import HourlyPruning
from worker.ledger.write.commits import Commits
from worker.ledger.write.watchdog import Watchdog
from worker.pipeline.parking import Parking
from worker.pipeline.scheduling.attempt_threads import AttemptThreads
from worker.pipeline.scheduling.timer import Timer
from worker.settings import Settings, load
from worker.settings.model import PREFIX
from worker.settings.places import ledger_url
from worker.telemetry.lines import LineWriter
from worker.telemetry.serving import BoundedServer

#: What each thread runs, and the parts that are named when it ends.
LOOPS: dict[str, tuple[type, str, list[str]]] = {
    "timer": (Timer, "_next", ["timer"]),
    "sharing": (Sharing, "_run", ["sharing"]),
    "pause": (IntakeGate, "_keep_watch", ["pause"]),
    "probe": (IntakeGate, "_keep_asking", ["pause"]),
    "attempts": (AttemptThreads, "_run", ["attempts"]),
    "parking": (Parking, "_run", ["parking"]),
    "pruning": (HourlyPruning, "_run", ["pruning"]),
    "ledger": (Commits, "settle", ["ledger"]),
    "watchdog": (Watchdog, "_run", ["watchdog"]),
    "broker": (BrokerLoop, "_run", ["publish", "consume"]),
    "health": (BoundedServer, "serve_forever", ["health"]),
    "log": (LineWriter, "_run", ["log"]),
}


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in {
        "AMQP__URL": "amqp://127.0.0.1:1/",
        "HTTP__PORT": "0",
        "LEDGER__URL": f"sqlite:///{tmp_path}/ledger.sqlite3",
        "PROVIDER__API_KEY": "pw",
        "PROVIDER__API_USER": "acme",
        "PROVIDER__BASE_URL": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("worker.app._WATCH_SECONDS", 0.01)


@pytest.fixture
def logged() -> Iterator[Logged]:
    logged = Logged()
    yield logged
    logged.lines.stop()


@contextmanager
def built(logged: Logged, stop: threading.Event) -> Iterator[App]:
    """Put the program together with this log; whatever is started ends with the block."""
    settings, lines = load(Settings), LineWriter(io.StringIO())
    around = Surroundings(
        ledger_url(settings, os.environ), lambda: load(Settings), logged.log, lines, lambda _step: None
    )
    app = App(settings, around, stop)
    lines.start()
    try:
        yield app
    finally:
        app._stop_parts()
        lines.stop()


def ended(*_: object) -> None:
    """A loop that fails in a way that nothing in it catches."""
    raise SystemExit


# pytest hears of a thread's end before threading does, which keeps silent about this one.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("loop", LOOPS)
def test_a_part_that_dies_is_named_and_ends_the_process(
    logged: Logged, monkeypatch: pytest.MonkeyPatch, loop: str
) -> None:
    kind, function, parts = LOOPS[loop]
    monkeypatch.setattr(kind, function, ended)

    with built(logged, threading.Event()) as app:
        code = app.run()

    assert code is Exit.FAILED
    [died] = [entry for entry in logged.entries if entry["event"] == "part_died"]
    assert set(died["parts"]) == set(parts)


class StopsAtTheFirstLook(threading.Event):
    """Nobody has asked for a stop when the run begins; somebody has at its first look."""

    def wait(self, _timeout: float | None = None) -> bool:
        """Be set."""
        self.set()
        return True


def test_a_stop_leaves_no_thread(logged: Logged) -> None:
    before = set(threading.enumerate())

    with built(logged, StopsAtTheFirstLook()) as app:
        assert app.run() is Exit.DONE

    assert [entry["event"] for entry in logged.entries if entry["event"].startswith("worker_")] == [
        "worker_started",
        "worker_stopping",
        "worker_stopped",
    ]
    assert set(threading.enumerate()) <= before


def test_a_stop_before_the_start_leaves_no_thread(logged: Logged) -> None:
    before, stop = set(threading.enumerate()), threading.Event()
    stop.set()

    with built(logged, stop) as app:
        assert app.run() is Exit.INTERRUPTED

    assert set(threading.enumerate()) <= before

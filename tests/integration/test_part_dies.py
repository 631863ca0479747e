"""The whole program in one process, without a broker: a part that dies ends it, and a stop leaves nothing."""

import io
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.architecture.rendering import ROOT
from tests.support.logged import Logged
from tests.support.threads import running_threads
from worker.app import App
from worker.assembly import Surroundings
from worker.broker.connection.loop import BrokerLoop
from worker.exits import Exit
from worker.intake.gate import IntakeGate
from worker.intake.sharing import Sharing
from worker.ledger.pruning.pruner import HourlyPruning
from worker.ledger.write.commits import Commits
from worker.ledger.write.watchdog import Watchdog
from worker.pipeline.attempt import ThreadPool
from worker.pipeline.parking import Parking
from worker.pipeline.scheduling.timer import Timer
from worker.settings import Settings, load
from worker.settings.loading import ledger_url
from worker.settings.model import PREFIX
from worker.telemetry.logs import LineWriter
from worker.telemetry.serving import BoundedServer

#: What each thread runs, the parts that are named when it ends, and what such threads are called, without numbers.
LOOPS: dict[str, tuple[type, str, list[str], list[str]]] = {
    "timer": (Timer, "_next", ["timer"], ["timer"]),
    "sharing": (Sharing, "_run", ["sharing"], ["pause-sharing"]),
    "pause": (IntakeGate, "_keep_watch", ["pause"], ["pause"]),
    "probe": (IntakeGate, "_keep_asking", ["pause"], ["probe"]),
    "attempts": (ThreadPool, "_run", ["attempts", "reading"], ["attempt", "reading"]),
    "parking": (Parking, "_run", ["parking"], ["parking"]),
    "pruning": (HourlyPruning, "_run", ["pruning"], ["ledger-prune"]),
    "ledger": (Commits, "settle", ["ledger"], ["ledger-writer"]),
    "watchdog": (Watchdog, "_run", ["watchdog"], ["ledger-watchdog"]),
    "broker": (BrokerLoop, "_run", ["publish", "consume"], ["broker-publish", "broker-consume"]),
    "health": (BoundedServer, "serve_forever", ["health"], ["health"]),
    "log": (LineWriter, "_run", ["log"], ["log"]),
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
    kind, function, parts, _ = LOOPS[loop]
    monkeypatch.setattr(kind, function, ended)

    with built(logged, threading.Event()) as app:
        code = app.run()

    assert code is Exit.FAILED
    [died] = [entry for entry in logged.entries if entry["event"] == "part_died"]
    assert set(died["parts"]) == set(parts)


class StopsAtTheFirstLook(threading.Event):
    """Nobody has asked for a stop when the run begins; somebody has at its first look. Keeps who runs then."""

    def __init__(self) -> None:
        super().__init__()
        self.running: set[threading.Thread] = set()

    def wait(self, _timeout: float | None = None) -> bool:
        """Be set."""
        self.running = running_threads()
        self.set()
        return True


def documented() -> set[str]:
    """The threads that the page on the architecture names, without numbers."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = page.partition("| thread | does |\n|---|---|\n")[2].partition("\n\n")[0].splitlines()
    return {plain(name) for row in rows for name in row.split("|")[1].strip().split(", ")}


def plain(name: str) -> str:
    """A thread's name without the number that sets it apart."""
    return re.sub(r"-(\d+( \.\.)?|v\d)$", "", name)


def test_every_thread_of_a_running_worker_belongs_to_a_part_that_is_killed_here(logged: Logged) -> None:
    before, stop = running_threads(), StopsAtTheFirstLook()

    with built(logged, stop) as app:
        app.run()

    names = {plain(thread.name) for thread in stop.running - before}
    assert names | {"main", "signals"} == documented()
    assert names == {name for _, _, _, threads in LOOPS.values() for name in threads}
    assert app._alive.keys() - {"pipeline"} == {part for _, _, parts, _ in LOOPS.values() for part in parts}


def test_a_stop_leaves_no_thread(logged: Logged) -> None:
    before = running_threads()

    with built(logged, StopsAtTheFirstLook()) as app:
        assert app.run() is Exit.DONE

    assert [entry["event"] for entry in logged.entries if entry["event"].startswith("worker_")] == [
        "worker_started",
        "worker_stopping",
        "worker_stopped",
    ]
    assert running_threads() <= before


def test_a_stop_before_the_start_leaves_no_thread(logged: Logged) -> None:
    before, stop = running_threads(), threading.Event()
    stop.set()

    with built(logged, stop) as app:
        assert app.run() is Exit.INTERRUPTED

    assert running_threads() <= before

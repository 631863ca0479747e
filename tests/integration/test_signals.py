"""Signals at every moment of a command: no traceback, a sentence, and the exit code that shells know."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest
import requests

from tests.support.raw_http import RawServer, raw_server
from tests.support.waiting import wait_for
from tests.support.worker_process import PROGRAM, environment

DONE = 0
LIMIT_SECONDS = 60
pytestmark = pytest.mark.usefixtures("listening_terminal")
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SETTINGS = {"PROVIDER__API_USER": "acme", "PROVIDER__API_KEY": "pw"}
#: Whoever runs the tests in the background has every process ignore Ctrl-C from the start.
MAIN = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
number = int(sys.argv.pop(1))
{planted}
from worker.cli.main import main
main()
"""
#: The signal comes while the program is still being read.
WHILE_READING = """
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder())
"""
#: The signal comes while a worker is being built, before anything of it is started. The thread that passes it on is
#: slower than all the rest.
WHILE_BUILDING = """
import threading
import worker.cli.commands.run as run
start = threading.Thread.start
threading.Thread.start = lambda thread: None if thread.name == "signals" else start(thread)
read = run.read_settings
def killing():
    os.kill(os.getpid(), number)
    return read()
run.read_settings = killing
"""
#: The signal comes before the command's own work has begun.
BEFORE_THE_WORK = """
import worker.cli.commands.{room} as room
room.load = lambda *_: os.kill(os.getpid(), number)
"""
PLAIN = ""


def in_turn(*moments: str) -> list[tuple[str, signal.Signals]]:
    """Each moment with one of the signals, and each signal at some: all are caught in one place, at any moment."""
    return list(zip(moments, cycle(NUMBERS), strict=False))


#: The signal comes while the command itself is put together.
BEFORE_THE_COMMAND = """
import worker.cli.program as room
program = room.program
def killing():
    os.kill(os.getpid(), number)
    return program()
room.program = killing
"""
#: The signal comes after the command, while the rest of what it printed is being written.
WHILE_FLUSHING = """
class Backlog:
    def write(self, text):
        return sys.__stdout__.write(text)
    def flush(self):
        if waiting:
            os.kill(os.getpid(), waiting.pop())
        sys.__stdout__.flush()
    def isatty(self):
        return False
    def fileno(self):
        return sys.__stdout__.fileno()
waiting = [number]
sys.stdout = Backlog()
"""
#: The signal comes while a failure is being put into words.
WHILE_SAYING = """
import worker.cli.terminal.ending as room
say = room.say
def killing(*lines):
    room.say = say
    os.kill(os.getpid(), number)
room.say = killing
"""


def planted(program: str, number: int, *words: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program with something planted in it to its end."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", MAIN.format(planted=program), str(int(number)), *words],
        env=environment(SETTINGS | {"LEDGER__URL": f"sqlite:///{folder}/ledger.db", "HTTP__PORT": "0"}),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@contextmanager
def started(*words: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Start it as one would type it, listening to Ctrl-C."""
    with running([sys.executable, "-c", MAIN.format(planted=PLAIN), "0", *words], **settings) as process:
        yield process


@contextmanager
def running(words: list[str], **settings: str) -> Iterator["subprocess.Popen[str]"]:
    """Start this, and leave nothing of it."""
    with subprocess.Popen(  # noqa: S603 - our own program
        words, env=environment(SETTINGS | settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def provider() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


@pytest.mark.parametrize(
    ("module", "number"),
    in_turn("worker.cli.program", "typer", "worker.broker.connection.loop", "worker.telemetry.metrics"),
)
def test_a_signal_while_the_program_is_read_ends_it_without_a_word(
    tmp_path: Path, module: str, number: signal.Signals
) -> None:
    ended = planted(WHILE_READING.format(module=module), number, "run", folder=tmp_path)

    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + number, "", "")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_worker_that_is_asked_to_stop_before_it_began_does_not_begin(tmp_path: Path, number: signal.Signals) -> None:
    ended = planted(WHILE_BUILDING, number, "run", folder=tmp_path)

    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + number, "", "")


@pytest.mark.parametrize(
    ("words", "number"),
    in_turn("config show", "topology apply", "ledger prune", "explain evt_1", "customers list"),
)
def test_a_command_that_a_signal_ends_before_its_work_says_that_nothing_was_changed(
    tmp_path: Path, words: str, number: signal.Signals
) -> None:
    noun = words.partition(" ")[0]
    ended = planted(BEFORE_THE_WORK.format(room=noun), number, *words.split(), folder=tmp_path)

    assert (ended.returncode, ended.stdout) == (128 + number, "")
    assert ended.stderr == f"ended by {number.name}; nothing was changed\n"


@pytest.mark.parametrize("number", NUMBERS)
def test_a_list_that_a_signal_ends_says_how_far_it_came(provider: RawServer, number: signal.Signals) -> None:
    provider.will(provider.falls_silent())
    with started("customers", "list", PROVIDER__BASE_URL=provider.url) as process:
        wait_for(lambda: provider.requests, "the question")
        process.send_signal(number)
        _, printed = process.communicate(timeout=LIMIT_SECONDS)

    assert (process.returncode, printed) == (128 + number, f"ended by {number.name}; 0 customers had been read\n")


@pytest.mark.parametrize("number", NUMBERS)
def test_the_stand_in_stops_in_order_at_each_signal(tmp_path: Path, number: signal.Signals) -> None:
    url = tmp_path / "url"
    with started("sandbox", "--port", "0", "--url-file", str(url)) as process:
        wait_for(url.exists, "its start", LIMIT_SECONDS)
        process.send_signal(number)
        _, printed = process.communicate(timeout=LIMIT_SECONDS)

    assert process.returncode == DONE
    assert "Traceback" not in printed


def test_a_signal_before_the_command_is_put_together_ends_it_without_a_word(tmp_path: Path) -> None:
    ended = planted(BEFORE_THE_COMMAND, signal.SIGTERM, "config", "template", folder=tmp_path)

    assert (ended.returncode, ended.stdout, ended.stderr) == (128 + signal.SIGTERM, "", "")


def test_a_signal_while_the_rest_is_written_ends_the_command_with_a_sentence(tmp_path: Path) -> None:
    ended = planted(WHILE_FLUSHING, signal.SIGHUP, "config", "template", folder=tmp_path)

    assert ended.returncode == 128 + signal.SIGHUP
    assert ended.stderr == "ended by SIGHUP; nothing was changed\n"


def test_a_signal_while_a_failure_is_put_into_words_is_no_traceback(tmp_path: Path) -> None:
    ended = planted(WHILE_SAYING, signal.SIGINT, "explain", "evt_1", folder=tmp_path)

    assert ended.returncode == 128 + signal.SIGINT
    assert ended.stderr == "ended by SIGINT; nothing was changed\n"


def test_what_nohup_started_outlives_its_terminal(tmp_path: Path) -> None:
    url = tmp_path / "url"
    with running(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *PROGRAM, "sandbox", "--port", "0", "--url-file", str(url)],
    ) as process:
        wait_for(url.exists, "its start", LIMIT_SECONDS)
        process.send_signal(signal.SIGHUP)
        assert requests.get(url.read_text(encoding="utf-8").strip(), timeout=LIMIT_SECONDS).status_code
        assert process.poll() is None
        # Whoever only stops slowly still answers for a while.
        ignored = int(next(line for line in _status(process.pid) if line.startswith("SigIgn:")).split()[1], 16)
        assert ignored & 1 << (signal.SIGHUP - 1)
        process.terminate()

        assert process.wait(LIMIT_SECONDS) == DONE


def _status(process: int) -> list[str]:
    return Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()


def test_a_second_signal_ends_a_command_at_once(tmp_path: Path) -> None:
    stuck = """
import worker.cli.commands.customers as room
def stuck(*_):
    try:
        os.kill(os.getpid(), number)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
room.load = stuck
"""
    ended = planted(stuck, signal.SIGINT, "customers", "list", folder=tmp_path)

    assert (ended.returncode, ended.stderr) == (128 + signal.SIGTERM, "")

"""How the benchmark measures: over the counted part alone, children included, and never for ever."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bench.figures import Figures, measure
from bench.processes import usage_of
from bench.systems import Span
from sandbox.demo.programs import Program
from sandbox.servers.errors import ServerFailed


class Running:
    """A program that is measured: this process."""

    process = os.getpid()
    running = True
    last_words = "nothing more to say"


class Gone(Running):
    """A program that has ended."""

    running = False


def figures_of(program: Running, looks: Iterator[int]) -> Figures:
    return measure(cast("Program", program), lambda: next(looks), Span(warm_up=10, counted=20, left=5), 0.0)


def test_it_ends_with_the_last_command() -> None:
    looks = iter([0, 4, 12, 25, 30, 35, 99])

    figures_of(Running(), looks)

    assert next(looks) == 99


def test_neither_the_warming_up_nor_what_is_left_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr("bench.figures.time", SimpleNamespace(monotonic=lambda: float(next(now))))

    # The clock is read once at the start and once at each of the four looks: from 10 commands at 2 to 30 at 3.
    assert figures_of(Running(), iter([1, 10, 30, 90])).commands_per_second == 20.0


def test_memory_and_processor_time_are_those_of_the_program() -> None:
    figures = figures_of(Running(), iter([10, 10, 30, 35]))

    assert figures.peak_bytes > 1_000_000
    assert figures.cpu_seconds >= 0


def test_a_program_that_ends_before_the_last_command_is_reported_with_its_last_words() -> None:
    with pytest.raises(ServerFailed, match="nothing more to say"):
        figures_of(Gone(), iter([0, 5]))


def test_what_counts_must_be_seen_while_it_goes_on() -> None:
    with pytest.raises(ServerFailed, match="through with 35 commands between two looks"):
        figures_of(Running(), iter([0, 35, 35, 35, 35]))


def test_what_a_child_takes_is_counted_too() -> None:
    source = "import sys; held = bytearray(64 << 20); print(flush=True); sys.stdin.read()"
    alone = usage_of(os.getpid()).peak_bytes
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()

        assert usage_of(os.getpid()).peak_bytes - alone > 64 << 20
        child.communicate()


def test_switches_of_every_thread_are_counted() -> None:
    turn, ended, asked = threading.Semaphore(0), threading.Event(), threading.Semaphore(0)

    def wait_often() -> None:
        for _ in range(500):
            asked.release()
            turn.acquire()
        asked.release()
        ended.wait()

    thread = threading.Thread(target=wait_often)
    thread.start()
    for _ in range(500):
        asked.acquire()
        turn.release()
    asked.acquire()
    of_two = sum(own_switches(task) for task in (os.getpid(), thread.native_id))
    of_all = usage_of(os.getpid()).switches
    ended.set()
    thread.join()

    assert own_switches(os.getpid()) < of_two <= of_all


def own_switches(task: int | None) -> int:
    lines = Path(f"/proc/self/task/{task}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))

"""Log lines from many threads: each whole, each once, and nobody waits for the stream."""

import errno
import io
import os
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest

from worker.telemetry.logs import MOST_LINES, LineWriter


class HeldStream(io.StringIO):
    """A stream whose reader does not read until it is asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = threading.Event()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        """Write when allowed."""
        self.writing.set()
        assert self.go_on.wait(60)
        return super().write(text)


class FailingStream(io.StringIO):
    """A stream that fails in one way until it is mended."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault: Exception | None = fault

    def write(self, text: str) -> int:
        """Fail."""
        if self.fault is not None:
            raise self.fault
        return super().write(text)


class FillingDisk:
    """Takes bytes as long as there is room, from when the gate is open."""

    def __init__(self, room: int) -> None:
        self.room, self.taken = room, b""
        self.writing, self.gate = threading.Event(), threading.Event()

    def put(self, content: bytes) -> int:
        """Take what fits."""
        self.writing.set()
        assert self.gate.wait(60)
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = content[: self.room]
        self.taken += part
        self.room -= len(part)
        return len(part)


def writing(stream: TextIO, most_lines: int = MOST_LINES) -> LineWriter:
    """Start to write into the stream."""
    lines = LineWriter(stream, most_lines)
    lines.start()
    return lines


@pytest.fixture
def pipe() -> Iterator[tuple[int, io.TextIOWrapper]]:
    """The end that is read, and a stream onto the other one."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as stream:
        yield reading, stream
        os.close(reading)


def test_each_of_many_threads_lines_is_written_once_and_whole() -> None:
    out = io.StringIO()
    lines = writing(out)
    threads = [threading.Thread(target=lambda n=n: [lines.info(f"{n}-{k}") for k in range(200)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert lines.flush(10)
    assert sorted(out.getvalue().split()) == sorted(f"{n}-{k}" for n in range(8) for k in range(200))
    assert lines.dropped == 0


def test_nobody_waits_for_a_reader_that_does_not_read_and_the_oldest_lines_go_first() -> None:
    out = HeldStream()
    lines = writing(out, most_lines=3)
    reports: list[tuple[int, str]] = []
    lines.flows_again = lambda count: reports.append((count, out.getvalue()))
    lines.info("under way")
    assert out.writing.wait(60)

    for number in range(10):
        lines.info(str(number))

    assert lines.dropped == 7
    assert not lines.flush(0)
    out.go_on.set()
    assert lines.flush(10)
    assert out.getvalue() == "under way\n7\n8\n9\n"
    assert (lines.dropped, reports) == (7, [(7, out.getvalue())])


@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, "No space left on device"), BrokenPipeError(), ValueError("closed"), MemoryError()]
)
def test_what_the_stream_refuses_is_counted_and_reported_once_it_takes_lines_again(fault: Exception) -> None:
    out = FailingStream(fault)
    lines = writing(out)
    reports: list[int] = []
    lines.flows_again = reports.append
    lines.error("one")
    assert lines.flush(10)
    lines.error("two")
    assert lines.flush(10)
    assert (lines.dropped, reports) == (2, [])

    out.fault = None
    lines.error("three")
    lines.error("four")

    assert lines.flush(10)
    assert out.getvalue() == "three\nfour\n"
    assert reports == [2]


def test_a_line_that_was_cut_off_is_ended_and_it_alone_counts_as_lost() -> None:
    lines, disk = writing(io.StringIO()), FillingDisk(len("first\none\ntw"))
    lines._put = disk.put
    lines.info("first")
    assert disk.writing.wait(60)
    lines.info("one")
    lines.info("two")
    disk.gate.set()
    assert lines.flush(10)
    assert lines.dropped == 1

    disk.room = 100
    lines.info("three")

    assert lines.flush(10)
    assert disk.taken == b"first\none\ntw\nthree\n"


@pytest.mark.parametrize(("text", "written"), [("Zoë", rb"Zo\xeb"), ("\ud800", rb"\ud800"), ("日本", rb"\u65e5\u672c")])
def test_a_character_that_the_encoding_has_not_is_written_as_its_escape(
    pipe: tuple[int, io.TextIOWrapper], text: str, written: bytes
) -> None:
    lines = writing(pipe[1])

    lines.info(text)

    assert lines.flush(10)
    assert os.read(pipe[0], 100) == written + b"\n"


def test_a_full_pipe_that_must_not_wait_loses_nothing_when_it_is_read_in_the_end(
    pipe: tuple[int, io.TextIOWrapper],
) -> None:
    os.set_blocking(pipe[1].fileno(), False)
    count = 20_000
    lines = writing(pipe[1], most_lines=count)
    for number in range(count):
        lines.info(f"{number:09}")

    read = b""
    while len(read) < 10 * count:
        read += os.read(pipe[0], 65_536)

    assert read.split() == [b"%09d" % number for number in range(count)]
    assert lines.dropped == 0


def test_a_reader_that_has_gone_ends_nothing(pipe: tuple[int, io.TextIOWrapper]) -> None:
    lines = writing(pipe[1])
    nobody = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nobody, pipe[0])
    os.close(nobody)

    lines.info("one")
    assert lines.flush(10)
    lines.info("two")

    assert lines.flush(10)
    assert lines.dropped == 2


def test_what_is_reported_after_the_stop_counts_as_dropped() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    writer.start()
    writer.msg("in time")
    writer.stop()

    writer.msg("too late")

    assert (stream.getvalue(), writer.dropped) == ("in time\n", 1)

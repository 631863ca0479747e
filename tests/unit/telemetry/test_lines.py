"""Log lines from many threads: each whole, each once, none waiting for another's write."""

import io
import threading

from worker.telemetry.lines import LineWriter


class SlowStream(io.StringIO):
    """A stream whose first write lasts until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.writing = threading.Event()
        self.go_on = threading.Event()

    def write(self, text: str) -> int:
        """Write when allowed."""
        self.writing.set()
        assert self.go_on.wait(10)
        return super().write(text)


class FullDisk(io.StringIO):
    """A stream that takes nothing."""

    def write(self, _text: str) -> int:
        """Fail."""
        raise OSError(28, "No space left on device")


def test_a_line_is_written_when_the_call_returns() -> None:
    out = io.StringIO()

    LineWriter(out).info("one")

    assert out.getvalue() == "one\n"


def test_a_thread_does_not_wait_for_anothers_write_and_its_line_is_taken_along() -> None:
    out = SlowStream()
    lines = LineWriter(out)
    first = threading.Thread(target=lines.info, args=("first",))
    first.start()
    assert out.writing.wait(10)

    lines.info("second")
    assert out.getvalue() == ""

    out.go_on.set()
    first.join(10)
    assert out.getvalue() == "first\nsecond\n"


def test_each_of_many_threads_lines_is_written_once_and_whole() -> None:
    out = io.StringIO()
    lines = LineWriter(out)
    threads = [threading.Thread(target=lambda n=n: [lines.info(f"{n}-{k}") for k in range(200)]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert sorted(out.getvalue().split()) == sorted(f"{n}-{k}" for n in range(8) for k in range(200))


def test_a_log_that_cannot_be_written_does_not_stop_the_work() -> None:
    LineWriter(FullDisk()).error("something")

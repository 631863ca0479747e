"""Standard output and standard error of every bad kind: closed, full, gone, unread, or with few characters."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from tests.support.commands import create, new_username
from tests.support.installation import Installation
from tests.support.worker_process import PROGRAM, environment

DONE = 0
LIMIT_SECONDS = 60


def shell(redirection: str, words: Sequence[str]) -> list[str]:
    """Type these words with their output led elsewhere."""
    return ["sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, *words]


@contextmanager
def started(
    installation: Installation, redirection: str, output: int | None = None, **variables: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a worker that way, and do not wait."""
    with subprocess.Popen(  # noqa: S603 - our own program
        shell(redirection, ["run"]),
        env=environment(installation.settings) | variables,
        cwd=installation.folder,
        stdout=output,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&- <&-", ">/dev/full", ">/dev/full 2>/dev/full"])
def test_a_worker_whose_log_goes_nowhere_works_and_stops_as_ever(
    own_installation: Installation, redirection: str
) -> None:
    commands = [create(new_username()) for _ in range(5)]
    own_installation.emitter.publish(*commands)
    with started(own_installation, redirection) as process:
        own_installation.listener.await_events(commands)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_SECONDS) == DONE
    own_installation.verdict(commands)


def test_a_worker_whose_logs_reader_has_gone_works_and_stops_as_ever(own_installation: Installation) -> None:
    commands = [create(new_username()) for _ in range(5)]
    own_installation.emitter.publish(*commands)
    reading, writing = os.pipe()
    os.close(reading)
    with started(own_installation, "2>&1", writing) as process:
        os.close(writing)
        own_installation.listener.await_events(commands)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_SECONDS) == DONE
    own_installation.verdict(commands)


def test_a_subject_that_the_log_cannot_encode_is_answered_and_logged_with_its_escape(
    own_installation: Installation,
) -> None:
    commands = [create(new_username(), subject=subject) for subject in ("Zoë", "日本")]
    own_installation.emitter.publish(*commands)
    with started(own_installation, ">log", PYTHONIOENCODING="ascii", PROVISIONING_LOG__FORMAT="text") as process:
        own_installation.listener.await_events(commands)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_SECONDS) == DONE
    log = (own_installation.folder / "log").read_text(encoding="ascii")
    assert r"Zo\xeb" in log
    assert r"\u65e5" in log


def test_a_worker_whose_log_nobody_reads_answers_everything_and_stops_in_order(own_installation: Installation) -> None:
    commands = [create(new_username()) for _ in range(60)]
    with own_installation.piped_worker() as worker:
        worker.await_ready()
        worker.reader.stop()
        own_installation.emitter.publish(*commands)
        own_installation.listener.await_events(commands)
        assert (worker.ask("/livez").status, worker.ask("/readyz").status) == (200, 200)
        # It says its last words, and does not wait until somebody hears them.
        assert worker.terminate() == DONE
    own_installation.verdict(commands)

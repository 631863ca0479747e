"""Commands whose standard streams are closed, full, gone, unread, or know few characters: no traceback."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.worker_process import PROGRAM, environment

DONE, FAILED, CONFIGURATION = 0, 1, 78
LIMIT_SECONDS = 60
SETTINGS = {"PROVIDER__API_USER": "Zoë", "PROVIDER__API_KEY": "pw"}
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "signup.json")
SHOW = ("config", "show", "--output", "table")


def typed(redirection: str, *words: str, **variables: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a command with its streams led elsewhere; its exit code is the shell's."""
    return subprocess.run(  # noqa: S603 - our own program
        ["sh", "-c", f'"$@" {redirection}', "sh", *PROGRAM, *words],  # noqa: S607 - every system has a shell
        env={**environment(SETTINGS), **variables},
        capture_output=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )


@pytest.mark.parametrize("words", [SHOW, ("config", "show", "--output", "json"), ("config", "template")])
def test_a_full_disk_is_reported_in_a_sentence_and_is_a_failure(words: tuple[str, ...]) -> None:
    done = typed(">/dev/full", *words)

    assert done.returncode == FAILED
    assert done.stderr == (
        b"standard output cannot be written (No space left on device), so what was to be read there is cut off\n"
    )


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(redirection: str) -> None:
    done = typed(redirection, *SHOW)

    assert (done.returncode, done.stdout, done.stderr) == (DONE, b"", b"")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_words_that_nobody_can_read_change_nothing(redirection: str) -> None:
    assert typed(redirection, "send", "--dry-run", EXAMPLE).returncode == DONE
    assert typed(redirection, "config", "check", PROVISIONING_AMQP__PREFETCH="0").returncode == CONFIGURATION


def test_a_closed_standard_input_holds_no_command() -> None:
    done = typed("<&-", "send", "--dry-run", "-")

    assert (done.returncode, done.stderr) == (FAILED, b"no command was read from standard input; nothing was sent\n")


def test_a_reader_that_has_gone_is_no_failure_and_no_complaint() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, "config", "template"],
        env={},
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=LIMIT_SECONDS,
        check=False,
    )

    assert (done.returncode, done.stderr) == (DONE, b"")
    os.close(writing)


def test_a_character_that_the_terminal_has_not_is_shown_as_its_escape() -> None:
    done = typed("", *SHOW, PYTHONIOENCODING="ascii")

    assert done.returncode == DONE
    assert rb"Zo\xeb" in done.stdout


def test_a_worker_that_cannot_start_does_not_wait_for_whoever_should_read_why() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    os.set_blocking(writing, True)

    done = subprocess.run([*PROGRAM, "run"], env={}, stdout=writing, stderr=writing, timeout=LIMIT_SECONDS, check=False)  # noqa: S603 - our own program

    assert done.returncode == CONFIGURATION
    os.close(reading)
    os.close(writing)

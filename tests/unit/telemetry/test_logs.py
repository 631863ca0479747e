"""The log: JSON lines for programs, words for a terminal, never a secret, and never the end of any work."""

import json
import logging
import re
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.logged import Logged
from worker.domain.telemetry import LedgerTimed
from worker.telemetry.logs import forward_last_words, forward_libraries, subject_writer
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder


class Unprintable:
    """Has no text."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class DyingBadly:
    """Raises where nobody can catch it."""

    def __del__(self) -> None:
        raise OSError("nobody catches it")


@pytest.fixture
def forwarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logged]:
    """A log that hears everything that would go to standard error; afterwards all is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    logged = Logged()
    forward_libraries(logged.log)
    forward_last_words(logged.log)
    yield logged
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level = handlers, level


def test_a_line_is_one_json_object_with_time_and_level() -> None:
    logged = Logged()

    logged.log.warning("intake_paused", cause="outage")

    (line,) = logged.entries
    assert (line["event"], line["level"], line["cause"]) == ("intake_paused", "warning", "outage")
    assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written() -> None:
    logged = Logged(level="warning")

    logged.log.info("command_settled")

    assert logged.text == ""


def test_a_text_line_can_be_read_without_colours_in_a_file() -> None:
    logged = Logged("text")

    logged.log.info("worker_started", http_port=9464)

    assert "worker_started" in logged.text
    assert "\x1b" not in logged.text


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_value_that_cannot_be_written_costs_its_line_and_nothing_else(log_format: str) -> None:
    logged, endless = Logged(log_format), dict[str, Any]()
    endless["itself"] = endless

    logged.log.info("command_settled", subject=Unprintable())
    logged.log.info("command_retried", **endless)
    logged.log.info("worker_stopped")

    lines = logged.text.splitlines()
    assert "log_line_failed" in lines[0]
    assert "command_settled" in lines[0]
    assert "worker_stopped" in lines[-1]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_line_with_one_value_that_cannot_be_written_keeps_its_ids(log_format: str) -> None:
    logged = Logged(log_format)

    logged.log.info("command_settled", message_id="evt_1", attempt=2, seconds=0.5, dead=False, error=Unprintable())

    line = json.loads(logged.text)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "log_line_failed",
        "level": "error",
        "line": "command_settled",
        "fault": "RuntimeError",
        "message_id": "evt_1",
        "attempt": 2,
        "seconds": 0.5,
        "dead": False,
    }


def test_a_line_that_cannot_be_written_is_ascii_that_prints_too() -> None:
    logged = Logged()

    logged.log.info("command_settled", message_id=HOSTILE, odd=Unprintable())

    assert logged.text.rstrip("\n").isascii()
    assert logged.text.rstrip("\n").isprintable()
    assert logged.entries[0]["message_id"] == HOSTILE


def test_once_the_log_flows_again_a_line_counts_what_was_dropped() -> None:
    logged = Logged()

    logged.lines.flows_again(3)

    (line,) = logged.entries
    assert (line["event"], line["count"], line["level"]) == ("log_lines_dropped", 3, "warning")


def test_a_librarys_words_are_not_repeated_only_who_and_where(forwarded: Logged) -> None:
    logging.getLogger("urllib3").warning("http://host/?api_key=%s", "s3cret")
    try:
        dict[str, str]()["s3cret"]
    except KeyError:
        logging.getLogger("alembic").exception("s3cret")

    assert [(line["library"], line.get("error")) for line in forwarded.entries] == [
        ("urllib3", None),
        ("alembic", "KeyError"),
    ]
    assert "s3cret" not in forwarded.text


def test_what_fails_in_reporting_is_named_as_a_fault_of_the_worker_without_its_values(
    forwarded: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        dict[str, str]()["s3cret"]

    metrics = Metrics("0")
    monkeypatch.setattr(metrics.instruments["ledger_seconds"], "labels", fails)

    Recorder(metrics, forwarded.log, lambda subject: subject).emit(LedgerTimed("claim", 0.1))

    (line,) = forwarded.entries
    assert (line["event"], line["level"], line["error"]) == ("telling_failed", "error", "KeyError")
    assert line["what"] == "LedgerTimed could not be told"
    assert re.fullmatch(r"test_logs\.py:\d+ in fails", line["where"])
    assert "library" not in line
    assert "s3cret" not in forwarded.text


def test_a_page_that_could_not_be_made_is_reported_as_a_fault_of_the_worker(forwarded: Logged) -> None:
    logging.getLogger("worker.telemetry.health").error("a page could not be made")
    logging.getLogger("workers").warning("somebody else")

    first, other = forwarded.entries
    assert (first["event"], first["level"], first["what"]) == ("telling_failed", "error", "a page could not be made")
    assert other["event"] == "library_warning"


def test_what_would_go_to_standard_error_goes_into_the_log(
    forwarded: Logged, capsys: pytest.CaptureFixture[str]
) -> None:
    def ends_badly() -> None:
        raise ValueError("the end")

    thread = threading.Thread(target=ends_badly, name="handler-07")
    thread.start()
    thread.join(60)
    del [DyingBadly()][0]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("a library is old", stacklevel=1)

    ended, ignored, warned = forwarded.entries
    assert (ended["event"], ended["thread"]) == ("thread_ended", "handler-07")
    assert "ValueError: the end" in ended["exception"]
    assert (ignored["event"], warned["event"]) == ("error_ignored", "library_warning")
    assert capsys.readouterr().err == ""


def test_subjects_can_be_hashed_and_still_distinguished() -> None:
    write = subject_writer("hashed")

    assert write("cus_42") == write("cus_42")
    assert write("cus_42") != write("cus_43")
    assert "cus_42" not in str(write("cus_42"))
    assert write(None) is None


def test_a_subject_that_is_no_text_can_be_hashed_too() -> None:
    assert len(subject_writer("hashed")("\ud800") or "") == 16


def test_subjects_are_plain_unless_asked_otherwise() -> None:
    assert subject_writer("plain")("cus_42") == "cus_42"


HOSTILE = "a\x1b[2J\x9b31m\u202e\u200b\x7f\r\n2026-01-01T00:00:00Z [info] faked\ud800"
#: What stands in a log of its own: line breaks, and nothing else that cannot be seen.
SHOWN = r"a\x1b[2J\x9b31m\u202e\u200b\x7f\r\n2026-01-01T00:00:00Z [info] faked\ud800"


def test_in_a_text_line_texts_of_others_are_visible() -> None:
    logged = Logged("text")

    logged.log.info("command_settled", message_id=HOSTILE, bare="\x1b[2J", other=[HOSTILE])

    assert all(map(str.isprintable, logged.text.splitlines()))
    assert len(logged.text.splitlines()) == 1
    assert SHOWN in logged.text.replace("\\\\", "\\")
    assert r"bare=\x1b[2J" in logged.text


def test_in_a_text_logs_traceback_no_line_looks_like_another_event() -> None:
    logged = Logged("text")

    logged.log.error("handler_crashed", exc_info=ValueError(HOSTILE))

    first, *others = logged.text.splitlines()
    assert first.endswith("handler_crashed")
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_a_json_line_is_ascii_that_prints() -> None:
    logged = Logged("json")

    logged.log.info("command_settled", detail=HOSTILE)

    assert logged.text.rstrip("\n").isascii()
    assert logged.text.rstrip("\n").isprintable()
    assert logged.entries[0]["detail"] == HOSTILE

"""The log: JSON lines for programs, words for a terminal, never a secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from worker.telemetry.logs import logger, subject_writer


@pytest.fixture(autouse=True)
def _root_logger_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_a_line_is_one_json_object_with_time_and_level() -> None:
    out = io.StringIO()

    logger("json", "info", out).warning("intake_paused", cause="outage")

    line = json.loads(out.getvalue())
    assert line["event"] == "intake_paused"
    assert line["level"] == "warning"
    assert line["cause"] == "outage"
    assert line["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written() -> None:
    out = io.StringIO()

    logger("json", "warning", out).info("command_settled")

    assert out.getvalue() == ""


def test_a_text_line_can_be_read_without_colours_in_a_file() -> None:
    out = io.StringIO()

    logger("text", "info", out).info("worker_started", http_port=9464)

    assert "worker_started" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_a_librarys_warning_is_named_but_its_words_are_not_repeated() -> None:
    out = io.StringIO()
    logger("json", "info", out)

    logging.getLogger("urllib3").warning("http://host/?api_key=%s", "s3cret")

    assert json.loads(out.getvalue())["library"] == "urllib3"
    assert "s3cret" not in out.getvalue()


def test_subjects_can_be_hashed_and_still_told_apart() -> None:
    write = subject_writer("hashed")

    assert write("cus_42") == write("cus_42")
    assert write("cus_42") != write("cus_43")
    assert "cus_42" not in str(write("cus_42"))
    assert write(None) is None


def test_subjects_are_plain_unless_asked_otherwise() -> None:
    assert subject_writer("plain")("cus_42") == "cus_42"


HOSTILE = "a\x1b[2J\x9b31m\u202e\u200b\x7f\r\n2026-01-01T00:00:00Z [info] faked\ud800"
#: What stands in a log of its own: line breaks, and nothing else that cannot be seen.
SHOWN = r"a\x1b[2J\x9b31m\u202e\u200b\x7f\r\n2026-01-01T00:00:00Z [info] faked\ud800"


def test_in_a_text_line_texts_of_others_are_visible() -> None:
    out = io.StringIO()

    logger("text", "info", out).info("command_settled", message_id=HOSTILE, bare="\x1b[2J", other=[HOSTILE])

    assert all(map(str.isprintable, out.getvalue().splitlines()))
    assert len(out.getvalue().splitlines()) == 1
    assert SHOWN in out.getvalue().replace("\\\\", "\\")
    assert r"bare=\x1b[2J" in out.getvalue()


def test_in_a_text_logs_traceback_no_line_looks_like_another_event() -> None:
    out = io.StringIO()

    logger("text", "info", out).error("handler_crashed", exc_info=ValueError(HOSTILE))

    first, *others = out.getvalue().splitlines()
    assert first.endswith("handler_crashed")
    assert all(line.startswith("    ") and line.isprintable() for line in others)


def test_a_json_line_is_ascii_that_prints() -> None:
    out = io.StringIO()

    logger("json", "info", out).info("command_settled", detail=HOSTILE)

    assert out.getvalue().rstrip("\n").isascii()
    assert out.getvalue().rstrip("\n").isprintable()
    assert json.loads(out.getvalue())["detail"] == HOSTILE

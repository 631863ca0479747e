"""With hashed subjects no line of the log names a customer, whoever worded it; secrets stand in no traceback."""

import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from messages.commands import Command
from messages.errors import CommandName, Invalid
from messages.results import Outcome, Reason
from tests.support.commands import Command as Sent
from tests.support.logged import Logged
from tests.support.work_samples import PASSWORD, commands_about_ada, create, work_of
from worker.domain.telemetry import (
    CommandDeadLettered,
    CommandRetried,
    CommandUnpublishable,
    HandlerCrashed,
)
from worker.domain.work import RetryCause, Work
from worker.telemetry.customers import crash_words, wording
from worker.telemetry.logs import subject_writer
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder

ABOUT_ADA = commands_about_ada()
#: What says nothing of a single customer.
GENERAL = {"package", "country", "state"}


def names_in(command: Command) -> list[str]:
    """Every text of a command that says something of its customer."""
    given = command.revealed().items()
    return [value for name, value in given if isinstance(value, str) and name not in GENERAL and "password" not in name]


def stands_in(lines: str, name: str) -> bool:
    """Whether it does, as it is or in a URL; a hash may have the characters of a short name by chance."""
    return any(
        re.search(rf"(?<![0-9a-z]){re.escape(each)}(?![0-9a-z])", lines, re.IGNORECASE) for each in (name, quote(name))
    )


def work_about_ada(command: Command) -> Work:
    data = {name: value for name, value in command.revealed().items() if value not in ((), None)}
    return work_of(Sent(type(command).__name__, data, subject="cus_ada_42"))


def lines_of(work: Work, text: str, mode: str) -> str:
    """All that a recorder writes of that work, with this text wherever others may word one."""
    logged = Logged()
    recorder = Recorder(Metrics("0"), logged.log, subject_writer(mode))
    recorder.emit(CommandDeadLettered(work, Outcome.FAILED, Reason.PROVIDER_REJECTED, text, 1, 0.25, 0.0))
    recorder.emit(CommandRetried(work, RetryCause.UNKNOWN, True, text, 1.0))
    recorder.emit(CommandUnpublishable(work, text))
    recorder.emit(HandlerCrashed(work, KeyError(text)))
    return logged.text


@pytest.mark.parametrize("command", ABOUT_ADA.values(), ids=ABOUT_ADA)
@pytest.mark.parametrize("spell", [str, str.upper, quote, lambda name: f"<{name}>", lambda name: f"customer_{name},"])
def test_no_line_names_a_customer_when_subjects_are_hashed(command: Command, spell: Callable[[str], str]) -> None:
    work = work_about_ada(command)
    names = ["cus_ada_42", *names_in(command)]
    text = "the provider refused: " + "; ".join(map(spell, names))

    lines = lines_of(work, text, "hashed")

    assert lines.count("the provider refused: ") == 4
    assert [name for name in names if stands_in(lines, name)] == []


def test_the_same_name_is_hashed_to_the_same_and_as_the_subject_is() -> None:
    written = wording(subject_writer("hashed"))(
        work_of(create()), "customer ada@example.com (CUS_42) is not ada@example.com"
    )

    ada, subject = (subject_writer("hashed")(name) for name in ("ada@example.com", "cus_42"))
    assert written == f"customer {ada} ({subject}) is not {ada}"


def test_an_address_of_somebody_else_is_hashed_too() -> None:
    written = wording(subject_writer("hashed"))(
        work_of(create()), "taken by bob@else.example.org, <eve@x.com>; ask support"
    )

    bob, eve = (subject_writer("hashed")(name) for name in ("bob@else.example.org", "eve@x.com"))
    assert written == f"taken by {bob}, <{eve}>; ask support"


def test_a_message_that_is_no_command_names_nobody_either() -> None:
    refused = Invalid(
        ["ada@example.com: is not a field"], CommandName("billing", "evt", subject="cus_42", username="ada")
    )
    work = Work(work_of(create()).delivery, refused, ())

    lines = lines_of(work, "customer ada, cus_42: ada@example.com: is not a field", "hashed")

    assert [name for name in ("ada", "cus_42", "example.com") if stands_in(lines, name)] == []


def test_words_that_only_contain_a_name_stay() -> None:
    written = wording(subject_writer("hashed"))(work_of(create(username="atis")), "whether that is so, ask atis")

    assert written == f"whether that is so, ask {subject_writer('hashed')('atis')}"


def test_names_are_shown_unless_asked_otherwise() -> None:
    lines = lines_of(work_of(create()), "customer ada@example.com", "plain")

    assert lines.count("customer ada@example.com") == 4


@pytest.mark.parametrize("mode", ["plain", "hashed"])
@pytest.mark.parametrize("broken", [False, True])
def test_a_traceback_shows_no_secret(mode: str, broken: bool) -> None:
    work = work_of(create())
    work = Work(work.delivery, Invalid(["broken"]), ()) if broken else work

    crash = json.loads(lines_of(work, f"{PASSWORD} {PASSWORD.upper()}", mode).splitlines()[-1])

    assert crash["event"] == "handler_crashed"
    assert PASSWORD not in crash["exception"].lower()
    assert "KeyError: '********** **********'" in crash["exception"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["a" * 300_000, "a@" * 100_000, "a" * 100_000 + "@" + "b" * 100_000, "@" * 300_000])
def test_a_long_word_is_searched_for_addresses_in_one_go(text: str) -> None:
    written = wording(subject_writer("hashed"))(work_of(create()), text)

    assert "a@b" not in written


def test_an_address_is_found_behind_any_number_of_others_characters() -> None:
    written = wording(subject_writer("hashed"))(work_of(create()), "x" * 500 + " bob@else.example.org")

    assert written == "x" * 500 + " " + str(subject_writer("hashed")("bob@else.example.org"))


def test_of_an_endless_traceback_its_beginning_and_its_end_are_reported() -> None:
    fault = RuntimeError("first\n" + "x" * 1_000_000 + "\nlast")

    written = crash_words(work_of(create()), fault)

    assert written.startswith("RuntimeError: first")
    assert written.endswith("last")
    assert len(written) < 20_000


@pytest.mark.parametrize("before", [*range(7_950, 8_020, 3), *range(11_950, 12_020, 3)])
def test_a_secret_at_the_place_where_a_traceback_is_cut_is_not_reported_in_part(before: int) -> None:
    near = "." * before

    written = crash_words(work_of(create()), RuntimeError(near + PASSWORD + "." * 100_000 + PASSWORD + near))

    assert not any(PASSWORD[at : at + 4] in written for at in range(len(PASSWORD) - 3))

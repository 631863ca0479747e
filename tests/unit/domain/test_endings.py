"""How a command ends: what is recorded for it, reported of it and kept of it."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from messages.errors import CommandName, Invalid, MessageError, Undecodable, UnknownType
from messages.results import Outcome, Reason
from tests.support.work_samples import PASSWORD, create, delivery, envelope_of
from worker.domain import endings
from worker.domain.claims import History
from worker.domain.endings import Closing, Ending, Refusal
from worker.domain.identity import CommandKey, dead_letter_id, event_id, refusal_id
from worker.domain.result_events import Success
from worker.errors import Rejected

CLOSING = Closing(1_795_253_400.0, "1.2.3")
#: The newest first.
MARKS = (b"n" * 32, b"o" * 32)
AT = "2026-11-21T09:30:00.000Z"
KEY = CommandKey("billing", "evt_1")
NAME = CommandName("billing", "evt_1", "CreateCustomer", "cus_42", "ada@example.com")
TRIED = History(attempts=3, charged_attempts=1, first_failed_at=1_795_253_100.0)


def event_data(ending: Ending | Refusal) -> dict[str, Any]:
    assert ending.event is not None
    data: dict[str, Any] = json.loads(ending.event.body)["data"]
    return data


def given_up(history: History = TRIED) -> Ending:
    refused = Rejected("the provider refused: a; b", ("a", "b"))
    sent = delivery(create())
    return endings.failure(sent, envelope_of(create()), Reason.PROVIDER_REJECTED, refused, history, CLOSING).ending


def test_a_success_has_an_event_and_no_dead_letter() -> None:
    ending = endings.success(envelope_of(create()), Success(Outcome.APPLIED, {}), TRIED, CLOSING).ending

    assert (ending.event.id, ending.event.type) == (event_id(KEY, 0), "CustomerCreated")
    assert ending.dead_letter is None
    assert event_data(ending).items() >= {"attempts": 3, "completed_at": AT, "outcome": "applied"}.items()


def test_a_failure_has_an_event_and_a_dead_letter_that_name_each_other() -> None:
    ending = given_up()

    assert ending.dead_letter is not None
    assert ending.event.id == event_id(KEY, 0)
    assert ending.dead_letter.id == dead_letter_id(KEY, 0) == event_data(ending)["dead_letter_id"]
    assert ending.dead_letter.reason == event_data(ending)["reason"] == "provider_rejected"


def test_the_dead_letter_of_a_failure_reports_the_provider_s_words_and_when_it_began() -> None:
    dead_letter = given_up().dead_letter

    assert dead_letter is not None
    assert dead_letter.headers.items() >= {
        "provisioning-error": "a; b",
        "provisioning-attempts": 3,
        "provisioning-first-failed-at": "2026-11-21T09:25:00.000Z",
        "provisioning-failed-at": AT,
    }.items()  # fmt: skip


def test_a_first_failure_began_when_it_ended() -> None:
    dead_letter = given_up(History(attempts=1)).dead_letter

    assert dead_letter is not None
    assert dead_letter.headers["provisioning-first-failed-at"] == AT


@pytest.mark.parametrize(
    ("error", "reason"),
    [(Undecodable, Reason.UNDECODABLE), (UnknownType, Reason.UNKNOWN_TYPE), (Invalid, Reason.INVALID)],
)
def test_a_refusal_says_what_is_wrong_with_the_message(error: type[MessageError], reason: Reason) -> None:
    refusal = endings.refusal(delivery(b"{}"), error(["a: is required", "b: must be text"], NAME), MARKS, CLOSING)

    assert refusal.dead_letter.reason == event_data(refusal)["reason"] == reason
    assert (
        refusal.dead_letter.headers["provisioning-detail"]
        == event_data(refusal)["detail"]
        == "a: is required; b: must be text"
    )
    assert event_data(refusal)["attempts"] == 0


def test_a_message_that_names_no_command_gets_a_dead_letter_alone() -> None:
    refusal = endings.refusal(delivery(b"\xff"), Undecodable(["no JSON"]), MARKS, CLOSING)

    assert refusal.event is None
    assert refusal.dead_letter.id == refusal_id(None, MARKS[0], "letter")
    assert "provisioning-command-id" not in refusal.dead_letter.headers


def test_a_refusal_has_the_same_names_each_time() -> None:
    error = Invalid(["a: is required"], NAME)
    later = replace(CLOSING, now=CLOSING.now + 60)

    one, other = (endings.refusal(delivery(b"{}"), error, MARKS, closing) for closing in (CLOSING, later))

    assert (one.id, one.dead_letter.id) == (other.id, other.dead_letter.id)
    assert one.id == refusal_id(NAME, MARKS[0], "event")
    assert one.older_ids == (refusal_id(NAME, MARKS[1], "event"),)


def test_a_redelivered_message_is_known_by_the_id_that_older_versions_gave_it() -> None:
    came = delivery(b"{}")
    by_its_body = refusal_id(NAME, sha256(b"{}").digest(), "event")

    one, again = (
        endings.refusal(each, Invalid(["a: is required"], NAME), MARKS, CLOSING)
        for each in (came, replace(came, redelivered=True))
    )

    assert by_its_body not in one.older_ids
    assert again.older_ids == (*one.older_ids, by_its_body)


def test_a_refusal_never_answers_in_the_name_of_the_command_s_own_ending() -> None:
    refusal = endings.conflict(delivery(create()), envelope_of(create()), MARKS, CLOSING)

    assert refusal.event is not None
    assert refusal.event.id != event_id(KEY, 0)
    assert refusal.dead_letter.id != dead_letter_id(KEY, 0)


def test_a_conflict_says_what_to_do() -> None:
    refusal = endings.conflict(delivery(create()), envelope_of(create()), MARKS, CLOSING)

    assert event_data(refusal)["reason"] == "id_conflict"
    assert "send this one again under an id of its own" in event_data(refusal)["detail"]


def test_no_ending_holds_a_secret() -> None:
    ending, refusal = given_up(), endings.conflict(delivery(create()), envelope_of(create()), MARKS, CLOSING)

    assert PASSWORD not in repr((ending, refusal))


@pytest.mark.parametrize("name", [PASSWORD, PASSWORD.upper(), " ".join(PASSWORD)])
def test_a_refusal_shows_no_secret_that_was_given_as_a_fields_name(name: str) -> None:
    body = json.dumps({"password": PASSWORD, name: True}).encode()
    error = Invalid([f"{name}: is not a field of this command", "username: is required"], NAME)

    refusal = endings.refusal(delivery(body), error, MARKS, CLOSING)

    expected = "**********: is not a field of this command; username: is required"
    assert event_data(refusal)["detail"] == refusal.dead_letter.headers["provisioning-detail"] == expected
    assert name not in repr(refusal)


def test_a_refusal_shows_no_part_of_a_long_secret_that_was_given_as_a_fields_name() -> None:
    secret = "p4ss" * 40
    body = json.dumps({"password": secret, secret: True}).encode()

    refusal = endings.refusal(delivery(body), Invalid([f"{secret[:64]}...: is not a field"], NAME), MARKS, CLOSING)

    assert event_data(refusal)["detail"] == "**********...: is not a field"

"""From a delivery to a unit of work: a command with its claim and its lanes, or the reason why it is none."""

from dataclasses import replace

import pytest

from messages.errors import Invalid, MessageError, Undecodable, UnknownType
from tests.support.commands import Command, bare, binary
from tests.support.work_samples import PASSWORD, USERNAME, create, delivery, fingerprint, rotate, work_of
from worker.domain.deliveries import Delivery, Properties
from worker.domain.identity import CommandKey
from worker.domain.work import Requested, Work
from worker.pipeline.reading import read
from worker.provider.calls import login_of


def requested(work: Work) -> Requested:
    assert isinstance(work.content, Requested), work.content
    return work.content


def test_a_command_comes_with_its_claim() -> None:
    request = requested(work_of(create(), redelivered=True)).request

    assert request.key == CommandKey("billing", "evt_1")
    assert (request.type, request.subject, request.username) == ("CreateCustomer", "cus_42", USERNAME)
    assert (request.redelivered, request.generation) == (True, 0)


def test_it_stands_in_the_lanes_it_claims() -> None:
    work = work_of(create())

    assert work.lanes == requested(work).request.lanes == ("subject:cus_42", f"customer:{USERNAME}")


@pytest.mark.parametrize("form", [bare, binary])
def test_every_form_of_a_command_has_the_same_fingerprint(form: type) -> None:
    message = form(create())
    came = replace(delivery(message.body), properties=Properties(**message.properties))

    assert (
        requested(read(came, fingerprint, login_of)).request.fingerprints
        == requested(work_of(create())).request.fingerprints
    )


@pytest.mark.parametrize("other", [create(subject="cus_43"), create(password=PASSWORD + "!"), create(city="Paris")])
def test_another_content_has_another_fingerprint(other: Command) -> None:
    assert requested(work_of(other)).request.fingerprints != requested(work_of(create())).request.fingerprints


@pytest.mark.parametrize(
    ("content", "fault"),
    [(b"\xff", Undecodable), (create(zip=""), Invalid), (Command("Unheard", {}, id="evt_1"), UnknownType)],
)
def test_what_is_no_command_says_why_and_waits_for_nobody(content: Command | bytes, fault: type[MessageError]) -> None:
    work = work_of(content)

    assert isinstance(work.content, fault)
    assert work.lanes == ()


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (create(), "CreateCustomer"),
        (create(zip=""), "CreateCustomer"),
        (b"{}", "unknown"),
        (Command("A", {}), "unknown"),
    ],
)
def test_a_label_comes_from_the_closed_set(content: Command | bytes, label: str) -> None:
    assert work_of(content).command == label


def test_a_message_on_which_our_own_reading_fails_becomes_a_dead_letter_and_stops_nobody() -> None:
    def failing(_type: str, _subject: str | None, _content: bytes) -> tuple[bytes, ...]:
        raise ZeroDivisionError(PASSWORD)

    work = read(delivery(create()), failing, login_of)

    assert isinstance(work.content, Undecodable)
    assert "ZeroDivisionError" in work.content.faults[0]
    assert PASSWORD not in str(work.content)


def test_nothing_that_is_handed_on_shows_a_secret() -> None:
    for command in (create(), rotate()):
        work = work_of(command)
        assert PASSWORD.encode() in work.delivery.body
        assert PASSWORD not in repr(work)


def test_a_delivery_shows_everything_but_its_body() -> None:
    came: Delivery = delivery(create())

    assert "body" not in repr(came)
    assert "any.key" in repr(came)

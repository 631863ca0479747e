"""Dead letters: the delivery as it came, and headers that no broker and no client library chokes on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from messages.errors import CommandName
from messages.results import Reason
from tests.support.work_samples import delivery
from worker.domain import dead_letters
from worker.domain.dead_letters import DeadLetter
from worker.domain.deliveries import Delivery, Destination, Outgoing, Properties
from worker.domain.result_events import Failure

FIRST_FAILED_AT = "2026-11-21T09:30:00.000Z"
NAME = CommandName(source="billing", id="evt_1", type="CreateCustomer", subject="cus_42")
FAILED = Failure(
    reason=Reason.INVALID,
    detail="username: is required",
    errors=(),
    attempts=2,
    failed_at="2026-11-21T09:31:00.000Z",
    dead_letter_id="letter-1",
)


def written(came: Delivery, failed: Failure = FAILED, name: CommandName | None = NAME) -> DeadLetter:
    """The dead letter of a delivery, by default of one that says whose command it is."""
    return dead_letters.write(came, name, failed, FIRST_FAILED_AT, "1.2.3")


def with_properties(**properties: object) -> Delivery:
    return replace(delivery(b"\x00\xffnot json"), properties=Properties(**properties))  # type: ignore[arg-type]  # names


def published(headers: Mapping[str, object]) -> Outgoing:
    came = with_properties(headers=headers)
    return dead_letters.outgoing(came, written(came))


def kept(headers: Mapping[str, object]) -> dict[str, object]:
    """The original headers that are left."""
    return {name: value for name, value in published(headers).properties.headers.items() if "provisioning-" not in name}


def test_the_headers_say_what_happened_to_which_command() -> None:
    assert written(delivery(b"")).headers == {
        "provisioning-dead-letter-id": "letter-1",
        "provisioning-reason": "invalid",
        "provisioning-detail": "username: is required",
        "provisioning-error": "",
        "provisioning-command-id": "evt_1",
        "provisioning-command-source": "billing",
        "provisioning-command-type": "CreateCustomer",
        "provisioning-subject": "cus_42",
        "provisioning-generation": 0,
        "provisioning-attempts": 2,
        "provisioning-first-failed-at": "2026-11-21T09:30:00.000Z",
        "provisioning-failed-at": "2026-11-21T09:31:00.000Z",
        "provisioning-exchange": "provisioning.commands",
        "provisioning-routing-key": "any.key",
        "provisioning-worker-version": "1.2.3",
    }


def test_what_the_message_does_not_say_is_left_out() -> None:
    headers = written(delivery(b""), name=None).headers

    assert not {name for name in headers if "command" in name or "subject" in name}


@pytest.mark.parametrize("name", ["replay-id", "generation", "attempts", "note", "reason", "anything"])
@pytest.mark.parametrize(
    "prefix", ["provisioning-", "Provisioning-", "PROVISIONING-", "provisioning_", "Provisioning_", " "]
)
def test_nothing_that_a_sender_says_in_our_name_is_believed_or_passed_on(prefix: str, name: str) -> None:
    forged = f"{prefix}{name}".replace(" ", " provisioning-")

    assert published({forged: "forged"}).properties.headers == published({}).properties.headers


def test_what_only_resembles_our_name_is_the_senders_own() -> None:
    theirs = {"provisioning": "a", "provisioningx-id": "b", "my-provisioning-id": "c"}

    headers = published(theirs).properties.headers

    assert headers == {**published({}).properties.headers, **theirs}


def test_the_body_goes_out_byte_for_byte_under_the_reason() -> None:
    message = published({})

    assert message.body == b"\x00\xffnot json"
    assert (message.destination, message.routing_key) == (Destination.DEAD_LETTERS, "invalid")


def test_the_original_properties_stay_beside_it() -> None:
    came = with_properties(
        content_type="text/plain", message_id="m", correlation_id="c", reply_to="r", timestamp=1, type="t", app_id="a"
    )

    sent = dead_letters.outgoing(came, written(came)).properties

    assert replace(sent, headers={}, delivery_mode=None) == replace(came.properties, headers={})


def test_what_would_delete_the_dead_letter_or_close_the_channel_is_removed() -> None:
    came = with_properties(delivery_mode=1, expiration="1000", user_id="billing")

    sent = dead_letters.outgoing(came, written(came)).properties

    assert (sent.delivery_mode, sent.expiration, sent.user_id) == (2, None, None)


def test_texts_and_integers_are_kept_as_they_are() -> None:
    assert kept({"traceparent": "00-aa", "tries": 3}) == {"traceparent": "00-aa", "tries": 3}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (None, "None"),
        (1.75, "1.75"),
        (Decimal("1.5"), "1.5"),
        (b"\xff\x00", "\\xff\x00"),
        ([1, "two"], "[1, 'two']"),
        ({"deep": {"er": 1}}, "{'deep': {'er': 1}}"),
        (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21 00:00:00+00:00"),
    ],
)
def test_other_values_are_kept_as_text(value: object, text: str) -> None:
    assert kept({"odd": value}) == {"odd": text}


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, -(2**63) - 1])
def test_an_integer_that_amqp_cannot_hold_is_kept_as_text(number: int) -> None:
    assert kept({"odd": number}) == {"odd": str(number)}


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_the_widest_integers_are_kept_as_they_are(number: int) -> None:
    assert kept({"wide": number}) == {"wide": number}


def test_a_bare_dead_letter_has_its_own_headers_alone_and_says_why() -> None:
    whole = published({"original": "o", "other": 1})

    lighter = dead_letters.bare(whole, "its headers are larger than a frame")

    assert lighter is not None
    note = str(lighter.properties.headers["provisioning-note"])
    assert "were left out" in note
    assert "larger than a frame" in note
    own = {name: value for name, value in whole.properties.headers.items() if name.startswith("provisioning-")}
    assert lighter.properties.headers == {**own, "provisioning-note": note}
    assert replace(lighter, properties=whole.properties) == whole


def test_a_bare_dead_letters_note_is_bounded_too() -> None:
    lighter = dead_letters.bare(published({"original": "o"}), "é" * 5_000)

    assert lighter is not None
    assert len(str(lighter.properties.headers["provisioning-note"]).encode()) <= dead_letters.MAX_HEADER_BYTES


def test_what_has_no_original_headers_cannot_be_lighter() -> None:
    event = Outgoing(Destination.EVENTS, "k", b"{}", Properties(headers={"any": "thing"}))

    assert dead_letters.bare(published({}), "too large") is None
    assert dead_letters.bare(event, "too large") is None


def test_the_brokers_own_headers_and_routing_headers_are_dropped() -> None:
    headers = {"x-death": [{"count": 1}], "x-delivery-count": 3, "CC": ["other.queue"], "BCC": ["secret.queue"]}

    assert kept(headers) == {}


def test_headers_of_ours_that_came_in_do_not_contradict_the_new_ones() -> None:
    headers = published({"provisioning-reason": "crash_loop", "provisioning-attempts": 99}).properties.headers

    assert (headers["provisioning-reason"], headers["provisioning-attempts"]) == ("invalid", 2)


def test_headers_beyond_32_kib_are_cut_with_a_note() -> None:
    headers: dict[str, object] = {f"h{number}": "é" * 5_000 for number in range(6)}

    sent = published(headers).properties.headers

    assert [name for name in sent if "provisioning-" not in name] == ["h0", "h1", "h2"]
    assert sent["provisioning-note"] == "3 original headers were left out: together over 32 KiB"


def test_a_single_huge_header_is_left_out_too() -> None:
    sent = published({"huge": "a" * 125_000}).properties.headers

    assert "huge" not in sent
    assert "1 original headers" in str(sent["provisioning-note"])


def test_exactly_32_kib_of_headers_are_kept() -> None:
    exactly = {"name": "a" * (dead_letters.MAX_ORIGINAL_HEADERS_BYTES - len("name"))}

    assert kept(exactly) == exactly
    assert kept({"name": exactly["name"] + "a"}) == {}


@pytest.mark.parametrize("text", ["a" * 2_000, "é" * 1_000])
def test_a_header_of_2000_bytes_is_whole(text: str) -> None:
    assert written(delivery(b""), replace(FAILED, detail=text)).headers["provisioning-detail"] == text


@pytest.mark.parametrize("text", ["a" * 2_001, "é" * 1_001, "a" + "€" * 667, "😀" * 501])
def test_a_longer_header_is_cut_between_characters(text: str) -> None:
    header = written(delivery(b""), replace(FAILED, detail=text)).headers["provisioning-detail"]

    assert isinstance(header, str)
    assert 1_990 < len(header.encode()) <= dead_letters.MAX_HEADER_BYTES
    assert text.startswith(header.removesuffix("..."))


def test_every_header_is_bounded() -> None:
    long = "😀" * 10_000
    came = replace(delivery(b""), exchange=long, routing_key=long)
    failed = replace(FAILED, detail=long, errors=(long,))
    name = replace(NAME, id=long, source=long, subject=long)

    dead_letter = written(came, failed, name)

    assert all(isinstance(value, int) or len(value.encode()) <= 2_000 for value in dead_letter.headers.values())


HOSTILE = "\x1b[2J\x9b31m\u202e\u200b\x7f\r\nfaked\ud800\U000e0041"


def test_texts_of_others_stand_visibly_in_the_headers() -> None:
    failed = replace(FAILED, detail=HOSTILE, errors=(HOSTILE,))
    name = replace(NAME, subject=f"cus_42{HOSTILE}", type=HOSTILE)
    hostile = replace(
        with_properties(headers={"provisioning-replay-id": HOSTILE}), routing_key=HOSTILE, exchange=HOSTILE
    )

    headers = written(hostile, failed, name).headers

    assert [name for name, value in headers.items() if not str(value).isprintable()] == []
    assert headers["provisioning-subject"] == (r"cus_42\x1b[2J\x9b31m\u202e\u200b\x7f\r\nfaked\ud800\U000e0041")


def test_a_commands_key_stands_in_the_headers_as_it_is() -> None:
    headers = written(with_properties(), name=replace(NAME, id="evt\u200b1", source="a\u202eb")).headers

    assert headers["provisioning-command-id"] == "evt\u200b1"
    assert headers["provisioning-command-source"] == "a\u202eb"

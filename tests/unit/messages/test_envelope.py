"""The rules of the envelope's attributes, at both sides of each limit, in each form."""

from datetime import UTC, datetime

import pytest

from messages.envelope import decode
from tests.unit.messages.wire import DATA, ENVELOPE, Build, binary, faults, structured

ALL = ("id", "source", "type", "subject", "correlationid")
LONGEST = "x" * 255
#: Two bytes a character: the limit counts bytes.
LONGEST_IN_BYTES = "ä" * 127


def spoiled(build: Build, attribute: str, value: object) -> tuple[str, ...]:
    """The faults of a message with that value in one attribute."""
    return faults(build(DATA["DisableCustomer"], **{attribute: value}))


@pytest.mark.parametrize("attribute", ["id", "source", "subject", "correlationid"])
def test_any_text_of_1_to_255_bytes_is_taken_as_it_is(build: Build, attribute: str) -> None:
    for value in ("x", LONGEST, LONGEST_IN_BYTES, "a b", "ü/é#?", "\N{GRINNING FACE}"):
        assert getattr(decode(build(**{attribute: value})), attribute) == value


@pytest.mark.parametrize("attribute", ALL)
def test_any_other_size_is_refused(build: Build, attribute: str) -> None:
    for value, size in (("", 0), ("x" * 256, 256), ("ä" * 128, 256), ("x" * 300, 300)):
        assert spoiled(build, attribute, value) == (f"{attribute}: must have 1 to 255 bytes, not {size}",)


@pytest.mark.parametrize("attribute", ALL)
def test_control_characters_are_refused(build: Build, attribute: str) -> None:
    for control in ("\x00", "\n", "\x1f", "\x7f", "\x80", "\x9f"):
        assert spoiled(build, attribute, f"a{control}b") == (f"{attribute}: must not contain control characters",)


@pytest.mark.parametrize("attribute", ALL)
def test_half_a_surrogate_pair_is_no_text(attribute: str) -> None:
    assert spoiled(binary, attribute, "a\ud800") == (f"{attribute}: must be valid Unicode text",)


@pytest.mark.parametrize("attribute", ALL)
def test_anything_but_text_is_refused(attribute: str) -> None:
    values: list[object] = [1, 1.5, True, [], {}, b"bytes", datetime(2026, 1, 1, tzinfo=UTC)]

    for value in values:
        assert spoiled(binary, attribute, value) == (f"{attribute}: must be text",)


@pytest.mark.parametrize("attribute", ["subject", "time", "correlationid", "traceparent"])
def test_an_optional_attribute_that_is_null_counts_as_absent(attribute: str) -> None:
    message = structured(**{attribute: "@"})
    body = message.body.replace(b'"@"', b"null")

    assert getattr(decode(type(message)(body, content_type=message.content_type)), attribute) is None


def test_every_broken_rule_is_named_at_once() -> None:
    broken = structured(DATA["DisableCustomer"], id="", source=7, type=None, subject="\n", specversion="2")

    assert len(faults(broken)) == 5


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "00-abc",
        7,
        str(ENVELOPE["traceparent"]).upper(),
        f"{ENVELOPE['traceparent']}-more",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    ],
)
def test_a_broken_trace_context_is_dropped_and_refuses_nothing(broken: object) -> None:
    assert decode(binary(traceparent=broken)).traceparent is None

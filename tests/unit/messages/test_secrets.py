"""A secret that was sent shows up nowhere but at the provider: whatever is broken, wherever one looks."""

import traceback
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from messages import forms
from messages.envelope import decode
from messages.errors import MessageError
from messages.forms import WireMessage
from tests.unit.messages.wire import DATA, FORMS, SECRET, Build, create, refused, rotate, structured

SECRET_FIELDS = {
    "CreateCustomer": "password",
    "ChangePassword": "password",
    "AddCredential": "credential_password",
    "RotateCredential": "new_credential_password",
}
TYPES = st.sampled_from(sorted(SECRET_FIELDS))
#: Fields whose text is part of an answer (the username) or of a rule (unknown names) are broken by other values.
WORDS = st.text(st.characters(codec="utf-8"), max_size=8).map(lambda text: f"{SECRET}{text}")
SPOILED: st.SearchStrategy[object] = st.one_of(
    WORDS.map(lambda word: [word]),
    WORDS.map(lambda word: {word: word}),
    WORDS.map(lambda word: word * 30),
    WORDS.map(lambda word: word + "x" * 256),
)


def texts_of(error: BaseException | None) -> Iterator[str]:
    """What a log, a person or a crash report can get out of an error and of all that led to it."""
    while error is not None:
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from traceback.format_exception(error)
        if isinstance(error, ValidationError):
            yield repr(error.errors())
        # Suppressed or not: crash reporters walk the whole chain.
        error = error.__cause__ or error.__context__


def nameless(error: MessageError) -> MessageError:
    """The same error without the name it is answered under, which holds the attributes as they came."""
    error.name = None
    return error


def shown_by(message: WireMessage) -> str:
    """Everything that is said of a message which is no command; empty when it is one."""
    try:
        decode(message)
    except MessageError as error:
        return "\n".join(texts_of(error))
    return ""


@settings(deadline=None, max_examples=40)
@given(type_=TYPES, value=SPOILED, form=st.sampled_from(sorted(FORMS)))
def test_a_broken_secret_is_reported_by_its_field_alone(type_: str, value: object, form: str) -> None:
    field = SECRET_FIELDS[type_]
    shown = shown_by(FORMS[form]({**DATA[type_], field: value}, type=type_))

    assert f"{field}: must" in shown
    assert SECRET not in shown


@settings(deadline=None, max_examples=40)
@given(type_=TYPES, form=st.sampled_from(sorted(FORMS)), data=st.data())
def test_a_good_secret_is_silent_whatever_else_is_broken(type_: str, form: str, data: st.DataObject) -> None:
    fields = sorted(DATA[type_].keys() - {SECRET_FIELDS[type_]})
    values = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
    broken = data.draw(st.dictionaries(st.sampled_from(fields), values, min_size=1))

    assert SECRET not in shown_by(FORMS[form]({**DATA[type_], **broken}, type=type_))


@settings(deadline=None, max_examples=40)
@given(type_=TYPES, place=st.integers(min_value=0), cut=st.binary(max_size=2))
def test_a_body_broken_anywhere_shows_nothing_of_its_secret(type_: str, place: int, cut: bytes) -> None:
    body = structured(type=type_).body
    at = place % len(body)

    assert SECRET not in shown_by(replace(structured(type=type_), body=body[:at] + cut + b"\xff"))


@pytest.mark.parametrize("field", ["email", "billing_date", "free_user", "ip", "ip_group", "zip"])
def test_a_secret_in_the_wrong_field_is_not_repeated(field: str) -> None:
    shown = shown_by(create(**{field: [SECRET * 20]})) + shown_by(create(**{field: SECRET * 20}))

    assert field in shown
    assert SECRET not in shown


@pytest.mark.parametrize("attribute", ["type", "specversion"])
def test_a_secret_in_the_wrong_attribute_is_part_of_no_fault(attribute: str) -> None:
    error = refused(structured(DATA["DisableCustomer"], **{attribute: SECRET}))

    assert str(error).startswith(f"{attribute}: ")
    assert SECRET not in "".join(texts_of(nameless(error)))


def test_a_secret_in_place_of_a_time_is_dropped_without_being_reported() -> None:
    envelope = decode(structured(DATA["DisableCustomer"], time=SECRET))

    assert envelope.dropped
    assert SECRET not in repr(envelope)


def test_no_error_drags_another_one_along() -> None:
    unknown = structured(DATA["DisableCustomer"], type="X")
    errors = [refused(message) for message in (rotate(new_credential_password="x"), unknown, WireMessage(b"{"))]

    assert [(error.__cause__, error.__context__) for error in errors] == [(None, None)] * 3


def test_a_message_shows_neither_body_nor_data(build: Build) -> None:
    message = build(type="CreateCustomer")

    assert SECRET.encode() in message.body
    assert SECRET not in repr(message)
    body = forms.read_body(message.body)
    assert isinstance(body, forms.Body)
    assert SECRET not in repr(body)
    assert SECRET not in repr(forms.read(message, body))

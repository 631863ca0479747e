"""What a refusal sounds like. Only a hint: but a wrong one sends the worker to look in the wrong place."""

import pytest

from tests.unit.provider.answering import failure
from worker.errors import RefusalHint, Rejected
from worker.provider.parsing import hint_of

TAKEN = [
    "Credential Resource Already Exists",
    "username exists",
    "Username already taken",
    "This username is taken.",
    "username is already in use",
    "must be unique",
    "The username is not available",
    "duplicate credential",
]
NOT_FOUND = [
    "User not found",
    "User does not exist",
    "Email does not exist",
    "Credential does not exist",
    "user doesn't exist",
    "the customer no longer exists",
    "No such user",
    "unknown user",
    "there is no customer of that name",
    "Must be a customer registered under your account",
    "user could not be found",
    "is not your customer",
    "customer was already deleted",
]
NEITHER = [
    "Not found",
    "not found.",
    "package unknown",
    "Missing username parameter",
    "confirm_password must match password",
    "Permission denied, not authorized",
    "ip[] must belong to your account",
    "mistaken format",
    "error",
    "",
]


@pytest.mark.parametrize("text", TAKEN)
def test_some_words_say_that_the_name_is_taken(text: str) -> None:
    assert hint_of([text]) is RefusalHint.TAKEN


@pytest.mark.parametrize("text", NOT_FOUND)
def test_some_words_say_that_there_is_nothing_of_that_name(text: str) -> None:
    assert hint_of([text]) is RefusalHint.NOT_FOUND


@pytest.mark.parametrize("text", NEITHER)
def test_all_other_words_say_neither(text: str) -> None:
    assert hint_of([text]) is None


def test_words_that_say_both_say_neither() -> None:
    assert hint_of([TAKEN[0], NOT_FOUND[0]]) is None
    assert hint_of([TAKEN[0], "zip missing", TAKEN[1]]) is RefusalHint.TAKEN


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ('{"message":"User not found"}', RefusalHint.NOT_FOUND),
        ("<result><message>User not found</message></result>", RefusalHint.NOT_FOUND),
        ('{"error":{"code":400,"message":"User does not exist"}}', RefusalHint.NOT_FOUND),
        ('{"code":400,"message":"User does not exist"}', RefusalHint.NOT_FOUND),
        ('{"error":"User does not exist"}', RefusalHint.NOT_FOUND),
        ('{"message":"error","errors":["Credential Resource Already Exists"]}', RefusalHint.TAKEN),
        ('{"errors":[{"field":"username","message":"username exists"}]}', RefusalHint.TAKEN),
        ('{"error":{"code":404,"message":"Not found"}}', None),
        ('{"message":"error","errors":["package unknown"]}', None),
    ],
)
def test_a_refusal_carries_the_hint_of_its_words(body: str, hint: RefusalHint | None) -> None:
    refused = failure(body)

    assert isinstance(refused, Rejected)
    assert refused.hint is hint

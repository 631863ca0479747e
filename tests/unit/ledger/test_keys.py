"""Fingerprints and encryption under several keys."""

import pytest
from cryptography.fernet import Fernet

from worker.errors import LedgerError, SettingsInvalid
from worker.ledger.keys import cipher, fingerprinter

OLD = "b2xkIG9sZCBvbGQgb2xkIG9sZCBvbGQgb2xkIG9sZCE="
NEW = "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyE="
#: All of its signs are another one in the alphabet that is not URL-safe: +.
SIGNS = "-" * 42 + "8="


def test_the_same_command_has_the_same_fingerprint_in_every_process() -> None:
    content = ("CreateCustomer", "cus_1", b'{"username":"ada"}')

    assert fingerprinter([OLD]).fingerprints(*content) == fingerprinter([OLD]).fingerprints(*content)


def test_fingerprints_come_newest_key_first() -> None:
    content = ("CreateCustomer", "cus_1", b"{}")

    both = fingerprinter([NEW, OLD]).fingerprints(*content)

    assert both == fingerprinter([NEW]).fingerprints(*content) + fingerprinter([OLD]).fingerprints(*content)
    assert len(set(both)) == 2


@pytest.mark.parametrize(
    "other",
    [
        ("DisableCustomer", "cus_1", b"{}"),
        ("CreateCustomer", "cus_2", b"{}"),
        ("CreateCustomer", None, b"{}"),
        ("CreateCustomer", "cus_1", b"[]"),
        ("CreateCustomerc", "us_1", b"{}"),
        ("CreateCustomer", "cus_1{", b"}"),
    ],
)
def test_other_commands_have_other_fingerprints(other: tuple[str, str | None, bytes]) -> None:
    ours = fingerprinter([OLD]).fingerprints("CreateCustomer", "cus_1", b"{}")

    assert fingerprinter([OLD]).fingerprints(*other) != ours


def test_parts_cannot_be_shifted_into_one_another() -> None:
    marker = fingerprinter([OLD])

    assert marker.fingerprints("A", "x", b"y\1z") != marker.fingerprints("A", "x\1y", b"z")


def test_no_subject_is_not_an_empty_subject() -> None:
    marker = fingerprinter([OLD])

    assert marker.fingerprints("A", None, b"") != marker.fingerprints("A", "", b"")


def test_a_fingerprint_cannot_be_made_without_the_key() -> None:
    content = ("ChangePassword", "cus_1", b'{"password":"hunter2"}')

    assert fingerprinter([OLD]).fingerprints(*content) != fingerprinter([NEW]).fingerprints(*content)


def test_marks_name_keys_without_showing_them() -> None:
    marks = fingerprinter([NEW, OLD]).marks

    assert marks == fingerprinter([NEW]).marks + fingerprinter([OLD]).marks
    assert all(mark not in NEW + OLD for mark in marks)


def test_what_an_older_key_encrypted_can_still_be_read() -> None:
    secret = cipher([OLD]).encrypt(b"body")

    assert b"body" not in secret
    assert cipher([NEW, OLD]).decrypt(secret) == b"body"


def test_the_newest_key_encrypts() -> None:
    assert cipher([NEW]).decrypt(cipher([NEW, OLD]).encrypt(b"body")) == b"body"


def test_what_no_key_fits_is_reported() -> None:
    with pytest.raises(LedgerError, match="put the old key back"):
        cipher([NEW]).decrypt(cipher([OLD]).encrypt(b"body"))


def test_a_bad_key_is_named_by_its_place_and_never_shown() -> None:
    with pytest.raises(SettingsInvalid, match="number 2") as caught:
        fingerprinter([OLD, "hunter2"])

    assert "hunter2" not in str(caught.value)


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="at least one"):
        cipher([])


def test_a_generated_key_is_a_key() -> None:
    assert len(fingerprinter([Fernet.generate_key().decode()]).fingerprints("A", None, b"")[0]) == 32


@pytest.mark.parametrize("spelling", [SIGNS.replace("-", "+"), "+-" * 21 + "8=", "-" * 42 + "9="])
def test_a_key_is_its_bytes_however_they_are_spelled(spelling: str) -> None:
    content = ("CreateCustomer", "cus_1", b"{}")

    assert fingerprinter([spelling]).fingerprints(*content) == fingerprinter([SIGNS]).fingerprints(*content)
    assert fingerprinter([spelling]).marks == fingerprinter([SIGNS]).marks
    assert cipher([SIGNS]).decrypt(cipher([spelling]).encrypt(b"body")) == b"body"
    assert cipher([spelling]).decrypt(cipher([SIGNS]).encrypt(b"body")) == b"body"


@pytest.mark.parametrize("other", ["/" * 42 + "8=", "_" * 42 + "8="])
def test_the_other_sign_of_the_two_alphabets_is_taken_in_both(other: str) -> None:
    assert fingerprinter([other]).marks == fingerprinter(["_" * 42 + "8="]).marks


@pytest.mark.parametrize(
    "other",
    [f"{OLD}\n{NEW}", f"{OLD}{NEW}", OLD[:-1], f"{OLD}=", OLD[1:], f"{OLD[:20]}.{OLD[20:]}", f"{OLD[:20]} {OLD[20:]}"],
)
def test_what_the_library_would_pass_over_is_refused(other: str) -> None:
    with pytest.raises(SettingsInvalid, match="number 1"):
        fingerprinter([other])

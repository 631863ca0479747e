"""The field types of commands: the provider's own limits, and the mark that makes a field a secret."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ACCOUNT_ID = re.compile(r"account-id \S+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def without_control_characters(value: str) -> str:
    """Refuse C0 controls and DEL: they break logs, headers and the provider's forms."""
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def _not_all_digits(value: str) -> str:
    if value.isascii() and value.isdigit():
        raise ValueError("must not be all digits")
    return value


def _email_form(value: str) -> str:
    if not _EMAIL.fullmatch(value):
        raise ValueError("must have the form of an email address")
    return value


def _not_the_providers_domain(value: str) -> str:
    _, at, domain = value.rpartition("@")
    if at and "sendgrid.com" in domain.lower():
        raise ValueError("must not have sendgrid.com in its domain")
    return value


def _header_form(value: str) -> str:
    # It travels in an HTTP header, where anything else than printable ASCII means different things to different servers.
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ValueError("must be printable ASCII without spaces at its ends")
    if value.startswith("account-id") and not _ACCOUNT_ID.fullmatch(value):
        raise ValueError("must be a username, or account-id and the id after one space")
    return value


def is_utf8(value: str) -> bool:
    """Tell whether a text can be written as UTF-8: one with a lone surrogate cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain_utf8(value: str) -> str:
    # It could not be sent to the provider; found here it is the emitter's fault, found later it is a crash.
    if not is_utf8(value):
        raise ValueError("must be valid Unicode text")
    return value


def _secret_plain_utf8(value: SecretStr) -> SecretStr:
    _plain_utf8(value.get_secret_value())
    return value


Text = Annotated[str, AfterValidator(_plain_utf8)]
Text50 = Annotated[Text, StringConstraints(min_length=1, max_length=50)]
Text100 = Annotated[Text, StringConstraints(min_length=1, max_length=100)]
Text255 = Annotated[Text, StringConstraints(min_length=1, max_length=255)]

#: 3 to 64 characters and not all digits: a longer or numeric name could never be given a credential.
Name = Annotated[
    Text,
    StringConstraints(min_length=3, max_length=64),
    AfterValidator(without_control_characters),
    AfterValidator(_not_all_digits),
]
Username = Name
NewUsername = Annotated[Name, AfterValidator(_not_the_providers_domain)]
Email = Annotated[
    Text, StringConstraints(max_length=64), AfterValidator(without_control_characters), AfterValidator(_email_form)
]
#: At least 6 characters by the provider's documents. The upper bound is ours: it keeps a form field reasonable.
Password = Annotated[
    SecretStr,
    Field(min_length=6, max_length=255, json_schema_extra={"writeOnly": True}),
    AfterValidator(_secret_plain_utf8),
]

#: A username, or `account-id` and the id of an account.
OnBehalfOf = Annotated[
    Text, StringConstraints(min_length=3, max_length=255), AfterValidator(_header_form), AfterValidator(_not_all_digits)
]
#: The provider states no limit for these; the upper bound is ours, far beyond what a profile needs.
ProfileText = Annotated[Text, StringConstraints(max_length=1000)]

"""The field types of commands: the provider's own limits, and the mark that makes a field a secret.

And what the attributes of the envelope around a command must be: no terminal may obey them.

A limit that is checked by code is also `Stated` as a rule of JSON Schema, for those who check before they send.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, SecretStr, StringConstraints
from pydantic_core import CoreSchema

#: Of an attribute of the envelope: it must fit into every header.
MAX_ATTRIBUTE_BYTES = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ACCOUNT_ID = re.compile(r"account-id \S+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a check in code comes to in JSON Schema. It describes; it checks nothing itself."""

    rule: Mapping[str, Any] = field(hash=False)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the rule to those the type has already."""
        stated = handler(schema)
        return {**stated, "allOf": [*stated.get("allOf", []), dict(self.rule)]}


def without_control_characters(value: str) -> str:
    """Raise ValueError for control characters: they break logs, headers and the provider's forms."""
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def _without_outer_spaces(value: str) -> str:
    # Invisible to whoever compares it, and lost in the first form that trims it: no customer is meant to be called so.
    if value != value.strip():
        raise ValueError("must not have spaces at its ends")
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
    # It travels in an HTTP header, where other text than printable ASCII means different things to different servers.
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ValueError("must be printable ASCII without spaces at its ends")
    if value.startswith("account-id") and not _ACCOUNT_ID.fullmatch(value):
        raise ValueError("must be a username, or account-id and the id after one space")
    return value


def is_utf8(value: str) -> bool:
    """Whether a text can be written as UTF-8: one with a lone surrogate cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_faults(field: str, value: object, *, required: bool) -> list[str]:
    """One sentence for the rule of an envelope's attribute that the value breaks; none when it keeps them all."""
    if value is None:
        return [f"{field}: is required"] if required else []
    if not isinstance(value, str):
        return [f"{field}: must be text"]
    if not is_utf8(value):
        return [f"{field}: must be valid Unicode text"]
    size = len(value.encode())
    if not 1 <= size <= MAX_ATTRIBUTE_BYTES:
        return [f"{field}: must have 1 to {MAX_ATTRIBUTE_BYTES} bytes, not {size}"]
    return [f"{field}: must not contain control characters"] if _CONTROL.search(value) else []


def usable(value: object) -> str | None:
    """The value if an envelope's attribute may have it, else None."""
    return value if isinstance(value, str) and not text_faults("", value, required=True) else None


def _plain_utf8(value: str) -> str:
    # It could not be sent to the provider; found here it is the emitter's fault, found later it is a crash.
    if not is_utf8(value):
        raise ValueError("must be valid Unicode text")
    return value


def _secret_plain_utf8(value: SecretStr) -> SecretStr:
    _plain_utf8(value.get_secret_value())
    return value


# Negations, because `$` may match before a last line break; in a search for what is forbidden nothing slips through.
NO_CONTROL_CHARACTERS = Stated({"not": {"pattern": r"[\u0000-\u001f\u007f-\u009f]"}})
_NO_OUTER_SPACES = Stated({"not": {"pattern": r"^\s|\s$"}})
_NOT_ALL_DIGITS = Stated({"not": {"pattern": "^[0-9]+$"}})
# No flag for upper and lower case: patterns of JSON Schema have none.
_NOT_THE_PROVIDERS_DOMAIN = Stated({"not": {"pattern": r"@[^@]*[sS][eE][nN][dD][gG][rR][iI][dD]\.[cC][oO][mM][^@]*$"}})
_EMAIL_FORM = Stated({"pattern": r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$"})
_PRINTABLE_ASCII = Stated({"not": {"pattern": "[^ -~]|^ | $"}})
_ACCOUNT_ID_FORM = Stated({"anyOf": [{"not": {"pattern": "^account-id"}}, {"pattern": "^account-id [!-~]+$"}]})

Text = Annotated[str, AfterValidator(_plain_utf8)]
Text50 = Annotated[Text, StringConstraints(min_length=1, max_length=50)]
Text100 = Annotated[Text, StringConstraints(min_length=1, max_length=100)]
Text255 = Annotated[Text, StringConstraints(min_length=1, max_length=255)]

#: 3 to 64 characters and not all digits: a longer or numeric name could never be given a credential.
Name = Annotated[
    Text,
    StringConstraints(min_length=3, max_length=64),
    AfterValidator(without_control_characters),
    AfterValidator(_without_outer_spaces),
    AfterValidator(_not_all_digits),
    NO_CONTROL_CHARACTERS,
    _NO_OUTER_SPACES,
    _NOT_ALL_DIGITS,
]
Username = Annotated[Name, Field(description="The customer's username at the provider; it need not be an address.")]
NewUsername = Annotated[
    Name,
    AfterValidator(_not_the_providers_domain),
    _NOT_THE_PROVIDERS_DOMAIN,
    Field(description="A username that nobody has or ever had; no name in a domain with sendgrid.com in it."),
]
CredentialName = Annotated[Name, Field(description="The credential's name: a login of its own, beside the username.")]
Email = Annotated[
    Text,
    StringConstraints(max_length=64),
    AfterValidator(without_control_characters),
    AfterValidator(_email_form),
    NO_CONTROL_CHARACTERS,
    _EMAIL_FORM,
    Field(description="The customer's email address."),
]
#: At least 6 characters by the provider's documents. The upper bound is ours: it keeps a form field reasonable.
Password = Annotated[
    SecretStr,
    Field(
        min_length=6,
        max_length=255,
        description="A secret that you choose, so that a repeat sets the same one. It is never told back.",
    ),
    AfterValidator(_secret_plain_utf8),
]

OnBehalfOf = Annotated[
    Text,
    StringConstraints(min_length=3, max_length=255),
    AfterValidator(_header_form),
    AfterValidator(_not_all_digits),
    _PRINTABLE_ASCII,
    _ACCOUNT_ID_FORM,
    _NOT_ALL_DIGITS,
    Field(description="Whose profile it is: a username, or `account-id`, one space and the id of an account."),
]
#: The provider states no limit for these; the upper bound is ours, far beyond what a profile needs.
ProfileText = Annotated[Text, StringConstraints(max_length=1000)]

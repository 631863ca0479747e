"""Why a message is no command. The texts name the field and the rule, never the value: it may be a secret.

MessageError
├── Undecodable     not UTF-8, not JSON, no object, too large: nothing can be read
├── UnknownType     an envelope, but of no command in the catalog
├── Invalid         a known command that breaks a rule
└── Unread          its content was not looked at, because looking at it ends the program
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

MAX_FAULTS = 20
MAX_NAME_CHARACTERS = 64
_RULES: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this command",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "date_type": "must be a day in the form YYYY-mm-dd",
    "int_type": "must be a whole number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "tuple_type": "must be a list",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} {unit}",
    "too_long": "must have at most {max_length} {unit}",
}


@dataclass(frozen=True, slots=True)
class CommandName:
    """As much of a refused command's identity as could be read; enough to answer it."""

    source: str
    id: str
    type: str | None = None
    subject: str | None = None
    username: str | None = None
    correlationid: str | None = None
    traceparent: str | None = None


class MessageError(Exception):
    """The message is no command. `name` is None when it is too broken to be answered."""

    def __init__(self, faults: Sequence[str], name: CommandName | None = None) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)
        self.name = name


class Undecodable(MessageError):
    """A message whose content or type cannot be read."""


class UnknownType(MessageError):
    """The envelope can be read; its type is not in the catalog."""


class Invalid(MessageError):
    """A rule of the envelope or of the command is broken."""


class Unread(MessageError):
    """A message whose content was not read, because reading it ended the process; its properties alone name it."""


def faults_of(error: ValidationError) -> tuple[str, ...]:
    """One sentence per broken rule, at most twenty."""
    found = error.errors(include_input=False, include_url=False)
    sentences = [_sentence(_place(fault["loc"]), fault["type"], fault.get("ctx", {})) for fault in found]
    if len(sentences) > MAX_FAULTS:
        sentences[MAX_FAULTS:] = [f"and {len(sentences) - MAX_FAULTS} more"]
    return tuple(sentences)


def _place(steps: tuple[int | str, ...]) -> str:
    # A rule about several fields has no place of its own; a field's name may be empty.
    return ".".join(map(str, steps)) if steps else "data"


def _sentence(field: str, kind: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":
        rule = str(context["error"])
    else:
        # The library's own text for other kinds may hold the value's length or the value itself.
        unit = "entries" if context.get("field_type") == "Tuple" else "characters"
        rule = _RULES.get(kind, "has a value that is not allowed").format_map({**context, "unit": unit})
    return f"{printable(field)}: {rule}"


def printable(field: str) -> str:
    """A name as a sentence may have it: at most 64 characters, and nothing that a terminal would obey."""
    shown = "".join(character if character.isprintable() else "?" for character in field)
    return shown if len(shown) <= MAX_NAME_CHARACTERS else shown[:MAX_NAME_CHARACTERS] + "..."

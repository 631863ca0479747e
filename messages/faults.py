"""Turns a validation error into sentences that name field and rule, and never a value."""

from collections.abc import Mapping
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

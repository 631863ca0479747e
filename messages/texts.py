"""What an attribute of the envelope must be: a text that fits into every header, and that no terminal obeys."""

import re

from messages.fields import is_utf8

MAX_ATTRIBUTE_BYTES = 255

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def text_faults(field: str, value: object, *, required: bool) -> list[str]:
    """One sentence for the rule that the value breaks; none when it keeps them all."""
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
    """The value if it keeps these rules, else None."""
    return value if isinstance(value, str) and not text_faults("", value, required=True) else None

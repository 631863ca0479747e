"""The envelope's attributes where they travel as AMQP headers, in whichever spelling a library gives their names."""

import re
from collections.abc import Mapping

from messages.keys import CONTRADICTORY

#: `ce-` of AMQP 0-9-1 and HTTP, `ce_` of Kafka, the two others of AMQP 1.0; and gateways change the case.
_CLOUDEVENTS = re.compile(r"(?:ce|cloudevents)[-_:](.+)", re.IGNORECASE)
_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "subject", "time", "correlationid", "traceparent"})
#: Headers that are read without a prefix, also beside an envelope in the body.
_PLAIN = frozenset({"subject", "traceparent"})


def cloudevents(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that CloudEvents headers give; CONTRADICTORY where several give different values."""
    found: dict[str, object] = {}
    for name, value in headers.items():
        match = _CLOUDEVENTS.fullmatch(name)
        if match and (attribute := match[1].lower()) in _ATTRIBUTES:
            _put(found, attribute, value)
    return found


def plain(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that headers of the bare form give; CONTRADICTORY as above."""
    found: dict[str, object] = {}
    for name, value in headers.items():
        if name.lower() in _PLAIN:
            _put(found, name.lower(), value)
    return found


def _put(found: dict[str, object], name: str, value: object) -> None:
    # Several values at once: the table itself has the name more than once.
    several = isinstance(value, list) and len(value) > 1
    found[name] = CONTRADICTORY if several or (name in found and found[name] != value) else value

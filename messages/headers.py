"""The envelope's attributes where they travel as AMQP headers, in whichever spelling a library gives their names."""

import re
from collections.abc import Iterator, Mapping

from messages.keys import CONTRADICTORY

#: `ce-` of AMQP 0-9-1 and HTTP, `ce_` of Kafka, the two others of AMQP 1.0; and gateways change the case.
_CLOUDEVENTS = re.compile(r"(?:ce|cloudevents)[-_:](.+)", re.IGNORECASE)
_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "subject", "time", "correlationid", "traceparent"})
#: Headers that are read without a prefix, also beside an envelope in the body.
_PLAIN = frozenset({"subject", "traceparent"})


def cloudevents(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that CloudEvents headers give; CONTRADICTORY where several give different values."""
    prefixed = ((_CLOUDEVENTS.fullmatch(name), value) for name, value in headers.items())
    named = ((match[1].lower(), value) for match, value in prefixed if match)
    return _once((name, value) for name, value in named if name in _ATTRIBUTES)


def plain(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that headers of the bare form give; CONTRADICTORY as above."""
    return _once((name.lower(), value) for name, value in headers.items() if name.lower() in _PLAIN)


def _once(pairs: Iterator[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        # Several values at once: the table itself has the name more than once.
        several = isinstance(value, list) and len(value) > 1
        differs = several or (name in found and found[name] != value)
        found[name] = CONTRADICTORY if differs else value
    return found

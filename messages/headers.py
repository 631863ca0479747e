"""The envelope's attributes where they travel as AMQP headers, in whichever spelling a library gives their names."""

import re
from collections.abc import Mapping

from messages.keys import CONTRADICTORY
from messages.texts import usable

#: `ce-` of AMQP 0-9-1 and HTTP, `ce_` of Kafka, the two others of AMQP 1.0; and gateways change the case.
_CLOUDEVENTS = re.compile(r"(?:ce|cloudevents)[-_:](.+)", re.IGNORECASE)
_ATTRIBUTES = frozenset({"specversion", "id", "source", "type", "subject", "time", "correlationid", "traceparent"})
#: Headers that are read without a prefix, also beside an envelope in the body.
_PLAIN = frozenset({"subject", "traceparent"})
#: They distinguish no command from another: a library may set them anew with each repeat.
INFORMING = frozenset({"time", "traceparent"})


def cloudevents(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that CloudEvents headers give; CONTRADICTORY where several give different values."""
    found: dict[str, object] = {}
    for name, value in headers.items():
        attribute = _attribute(name)
        if attribute is not None:
            _put(found, attribute, value)
    return found


def plain(headers: Mapping[str, object]) -> dict[str, object]:
    """The attributes that headers of the bare form give, each under its exact name; CONTRADICTORY as above.

    Where there is none of that name, one in another case is taken when it can be used, and all such agree: it informs,
    and refuses nothing.
    """
    found: dict[str, object] = {}
    for name, value in headers.items():
        exact = name.lower()
        if exact in _PLAIN and (name == exact or exact not in headers):
            _put(found, exact, value)
    return {name: value for name, value in found.items() if name in headers or usable(value) is not None}


def decisive(headers: Mapping[str, object]) -> list[tuple[str, str]]:
    """What all these headers say, as they stand there and in one order; without times and trace contexts."""
    return sorted((name, repr(value)) for name, value in headers.items() if _read_as(name) not in {None, *INFORMING})


def same(one: object, other: object) -> bool:
    """Whether two values are one when both are written as texts: some libraries send an id of digits as a number."""
    return _written(one) == _written(other)


def _written(value: object) -> str:
    # Never compared as they are: a signaling NaN of AMQP's decimals raises.
    return value if isinstance(value, str) else repr(value)


def _attribute(name: str) -> str | None:
    match = _CLOUDEVENTS.fullmatch(name)
    return attribute if match and (attribute := match[1].lower()) in _ATTRIBUTES else None


def _read_as(name: str) -> str | None:
    return _attribute(name) or (name.lower() if name.lower() in _PLAIN else None)


def _put(found: dict[str, object], name: str, value: object) -> None:
    if value is None:
        return
    # Several values at once: the table itself has the name more than once.
    several = isinstance(value, list) and len(value) > 1
    if several or (name in found and not same(found[name], value)):
        found[name] = CONTRADICTORY
    elif not isinstance(found.get(name), str):
        found[name] = value

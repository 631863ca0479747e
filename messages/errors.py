"""Why a message is no command. The texts name the field and the rule, never the value: it may be a secret.

MessageError
├── Undecodable     not UTF-8, not JSON, no object, too large: nothing can be read
├── UnknownType     an envelope, but of no command in the catalog
├── Invalid         a known command that breaks a rule
└── Unread          its content was not looked at, because looking at it ends the program
"""

from collections.abc import Sequence
from dataclasses import dataclass


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
    """Nothing can be read."""


class UnknownType(MessageError):
    """The envelope can be read; its type is not in the catalog."""


class Invalid(MessageError):
    """A rule of the envelope or of the command is broken."""


class Unread(MessageError):
    """Its content was not looked at: whoever reads it crashes. It is named by its properties alone."""

"""What all commands have in common: what each declares, and the shape every one of them is built on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

from messages.fields import Username
from messages.results import Succeeded


class Command(BaseModel):
    """What a command asks for. Frozen; its secrets show as asterisks wherever it is printed.

    `event` reports its success; the fields that both have by the same name are published as the command gave them.
    `examples` are the least and the most of its data; one alone where there is nothing to choose.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    event: ClassVar[type[Succeeded]]
    examples: ClassVar[tuple[Mapping[str, Any], ...]]

    def customers(self) -> tuple[str, ...]:
        """The customers it names, the one it is about first; none for a command about no single customer."""
        return ()

    def faults_at(self, sent_at: float) -> tuple[str, ...]:  # noqa: ARG002 - most commands know no time
        """Return the rules that the command breaks, given the time at which it was sent (epoch seconds)."""
        return ()

    def revealed(self) -> dict[str, Any]:
        """Return the given fields, secrets in clear: for the provider and for fingerprints, never for a log."""
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self
            if value is not None
        }

    def secrets(self) -> tuple[str, ...]:
        """The secret values in clear, so that they can be scrubbed from what the provider echoes."""
        return tuple(value.get_secret_value() for _, value in self if isinstance(value, SecretStr))


def names_something_to_change(schema: dict[str, Any]) -> None:
    """State that at least one of the fields that may be left out is given; null counts as left out."""
    optional = [name for name in schema["properties"] if name not in schema["required"]]
    given = {"not": {"type": "null"}}
    schema["anyOf"] = [{"required": [name], "properties": {name: given}} for name in optional]


class CustomerCommand(Command):
    """A command about one customer, named as the provider knows it."""

    username: Username

    def customers(self) -> tuple[str, ...]:
        """The one customer."""
        return (self.username,)


class SetCommand(CustomerCommand):
    """A command that sets what the provider lists: setting it again changes nothing, and a look at the list proves it.

    `flags` is what it sets by its name alone; without any it sets its own fields.
    """

    flags: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def listed(self) -> Mapping[str, str]:
        """What the list shows of the customer once it is applied, by the list's own names."""
        return self.flags or self.revealed()

"""Which command has which shape, and which event reports its success: read from what the commands declare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from messages.commands import Command, changes, creation, credentials, customers, profiles
from messages.results import Succeeded

#: In the order in which people read of the commands.
_MODULES = (creation, customers, changes, credentials, profiles)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One command of the catalog: its shape, its success event, and which of its fields that repeats."""

    command: str
    model: type[Command]
    event: str
    event_model: type[Succeeded]
    echoed: tuple[str, ...]


def _models() -> Iterator[type[Command]]:
    # What declares an event is a command; what does not is the ground that commands are built on.
    for module in _MODULES:
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, Command) and "event" in vars(found):
                yield found


def _entry(model: type[Command]) -> CatalogEntry:
    added = model.event.model_fields.keys() - Succeeded.model_fields.keys()
    echoed = tuple(name for name in model.model_fields if name in added)
    return CatalogEntry(model.__name__, model, model.event.__name__, model.event, echoed)


CATALOG: Mapping[str, CatalogEntry] = MappingProxyType({model.__name__: _entry(model) for model in _models()})

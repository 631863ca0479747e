"""Reads the settings once, and names every fault at once."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from worker.errors import SettingsInvalid
from worker.settings.files import FileEnvSource
from worker.settings.model import PREFIX, Environment, Settings
from worker.settings.urls import url_faults

_Kind = TypeVar("_Kind", bound=Environment)


def load(kind: type[_Kind]) -> _Kind:
    """The settings of this process, as much of them as is asked for. Raises SettingsInvalid naming every fault."""
    source = FileEnvSource(kind)
    faults = [*source.unread.values(), *url_faults(source())]
    try:
        settings = kind()
    except ValidationError as exc:
        found = exc.errors(include_input=False, include_url=False)
        # What could not be read is missing for that reason alone; to call it required as well would mislead.
        raise SettingsInvalid(
            [_sentence(fault) for fault in found if _name(fault) not in source.unread] + faults
        ) from None
    if faults:
        raise SettingsInvalid(faults)
    return settings


def given(kind: type[Environment]) -> dict[str, Any]:
    """What was set, by section, as it was written and not yet checked. Holds secrets in clear."""
    return FileEnvSource(kind)()


def names(model: type[BaseModel] = Settings, before: str = PREFIX) -> Iterator[str]:
    """Every variable's name, as it is exported."""
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from names(section, f"{before}{name.upper()}__")
        else:
            yield f"{before}{name.upper()}"


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """A warning for each `PROVISIONING_` variable that nothing reads, with the name that was probably meant."""
    known = list(names())
    readable = {*known, *(f"{name}_FILE" for name in known)}
    warnings = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name.upper() not in readable:
            near = difflib.get_close_matches(name, readable, n=1)
            warnings.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    return warnings


def _sentence(fault: Any) -> str:  # noqa: ANN401 - the library's own dictionary
    name = _name(fault)
    if fault["type"] == "missing":
        return f"{name}: is required; export it, or {name}_FILE with the path of a file that holds it"
    return f"{name}: {fault['msg']}"


def _name(fault: Any) -> str:  # noqa: ANN401 - the library's own dictionary
    return PREFIX + "__".join(str(part).upper() for part in fault["loc"])

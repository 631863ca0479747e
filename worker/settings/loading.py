"""Reads the settings once, and names every fault at once; says where the ledger lies when nothing else is set."""

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from worker.errors import SettingsInvalid
from worker.settings.files import FileEnvSource
from worker.settings.model import PREFIX, Environment, LedgerReach, Settings
from worker.settings.naming import variables
from worker.settings.urls import url_faults

_Kind = TypeVar("_Kind", bound=Environment)


def load(kind: type[_Kind]) -> _Kind:
    """The settings of this process, as much of them as is asked for. Raises SettingsInvalid naming every fault."""
    return checked(kind, FileEnvSource(kind))


def checked(kind: type[_Kind], source: FileEnvSource) -> _Kind:
    """Validate settings that were read already. Raises SettingsInvalid with every fault."""
    given = source()
    faults = [*source.unread.values(), *url_faults(given)]
    try:
        settings = kind(**given)
    except ValidationError as exc:
        found = exc.errors(include_input=False, include_url=False)
        # What could not be read is missing for that reason alone; to call it required as well would mislead.
        faults = [_sentence(fault) for fault in found if _name(fault) not in source.unread] + faults
    else:
        if not faults:
            return settings
    # Raised out here, so that the library's own error is in no chain: it holds what was set.
    raise SettingsInvalid(faults)


def given(kind: type[Environment]) -> dict[str, Any]:
    """What was set, by section, as it was written and not yet checked. Holds secrets in clear."""
    return FileEnvSource(kind)()


def names() -> Iterator[str]:
    """Every variable's name, as it is exported."""
    return variables(Settings, PREFIX)


def unknown_variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """Each `PROVISIONING_` variable that nothing reads, with the name that was probably meant."""
    known = list(names())
    readable = {*known, *(f"{name}_FILE" for name in known)}
    for name in sorted(environment):
        # Read without regard to case, as the settings are.
        if name.upper().startswith(PREFIX) and name.upper() not in readable:
            yield name, next(iter(difflib.get_close_matches(name.upper(), readable, n=1)), None)


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """A warning for each of them."""
    return [
        f"{name} is not a setting" + (f"; did you mean {meant}?" if meant else "")
        for name, meant in unknown_variables(environment)
    ]


def _sentence(fault: Any) -> str:  # noqa: ANN401 - the library's own dictionary
    name = _name(fault)
    if fault["type"] == "missing":
        return f"{name}: is required; export it, or {name}_FILE with the path of a file that holds it"
    # What our own checks say is a sentence already; the library puts its own word before it.
    return f"{name}: {fault['msg'].removeprefix('Value error, ')}"


def _name(fault: Any) -> str:  # noqa: ANN401 - the library's own dictionary
    return PREFIX + "__".join(str(part).upper() for part in fault["loc"])


def ledger_url(settings: LedgerReach, environment: Mapping[str, str]) -> str:
    """The ledger's URL: what was set, or a SQLite file in the state folder. May hold a password."""
    if settings.ledger.url is not None:
        return settings.ledger.url.get_secret_value()
    return f"sqlite:///{_state_folder(environment) / 'ledger.db'}"


def _state_folder(environment: Mapping[str, str]) -> Path:
    state = environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):
        return Path(state) / "provisioning-worker"
    if os.geteuid() == 0:
        return Path("/var/lib/provisioning-worker")
    return Path(environment.get("HOME") or Path.home()) / ".local" / "state" / "provisioning-worker"

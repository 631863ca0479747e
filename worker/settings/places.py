"""Where the worker keeps its own files when nothing else is set."""

import os
from collections.abc import Mapping
from pathlib import Path

from worker.settings.model import LedgerReach


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

"""An environment of the test's own, in which only the two settings without a default are set."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.errors import SettingsInvalid
from worker.settings import Settings, load
from worker.settings.model import PREFIX, Environment

Export = Callable[..., None]
Faults = Callable[..., list[str]]


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch) -> Export:
    """Set settings by the last parts of their names; None unsets one."""

    def exported(**settings: str | None) -> None:
        for name, value in settings.items():
            if value is None:
                monkeypatch.delenv(f"{PREFIX}{name}", raising=False)
            else:
                monkeypatch.setenv(f"{PREFIX}{name}", value)

    return exported


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, export: Export) -> None:
    for name in [name for name in os.environ if name.upper().startswith(PREFIX)]:
        monkeypatch.delenv(name)
    export(PROVIDER__API_USER="acme", PROVIDER__API_KEY="pw")


@pytest.fixture
def faults(export: Export) -> Faults:
    """Set settings and read them; returns every fault, without the prefix, or none when they can be used."""

    def found(kind: type[Environment] = Settings, **settings: str | None) -> list[str]:
        export(**settings)
        try:
            load(kind)
        except SettingsInvalid as exc:
            return [fault.removeprefix(PREFIX) for fault in exc.faults]
        return []

    return found


@pytest.fixture
def secret_file(tmp_path: Path) -> Callable[[bytes], str]:
    """Write a file and return its path."""

    def written(content: bytes) -> str:
        path = tmp_path / f"secret-{len(list(tmp_path.iterdir()))}"
        path.write_bytes(content)
        return str(path)

    return written

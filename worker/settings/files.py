"""Reads settings from the environment and from the files it names.

`X_FILE` is a path whose content is the value of `X`, without its last line break; both set is an error.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

_SUFFIX = "_file"


class FileEnvSource(EnvSettingsSource):
    """The environment's variables, with every `..._FILE` replaced by what it points to.

    `unread` are the variables whose file gave no value, each with the sentence that says why.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars, self.unread = _with_files_read(self.env_vars, self.env_prefix.lower())

    def __call__(self) -> dict[str, Any]:
        """What was set, by section. The provider's section is always there: what it lacks is named field by field."""
        required: dict[str, Any] = {"provider": {}} if "provider" in self.settings_cls.model_fields else {}
        return {**required, **super().__call__()}


def _with_files_read(variables: Mapping[str, str | None], prefix: str) -> tuple[dict[str, str | None], dict[str, str]]:
    named = {key: path for key, path in variables.items() if key.startswith(prefix) and key.endswith(_SUFFIX)}
    found = {key: value for key, value in variables.items() if key not in named}
    faults = {}
    for key, path in named.items():
        target = key.removesuffix(_SUFFIX)
        name = target.upper()
        if target in variables:
            faults[name] = f"{name}: set both directly and by {key.upper()}; remove one of them"
            continue
        try:
            found[target] = Path(path or "").read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as exc:
            faults[name] = f"{key.upper()}: {path} cannot be read ({type(exc).__name__})"
    return found, faults

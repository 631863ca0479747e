"""Reads settings from the environment and from the files it names.

`X_FILE` is a path whose content is the value of `X`, without a byte order mark before it and without its last line
break; both set is an error. Only what was asked for is read: a tool that speaks to the broker alone need not be able to
open the provider's password. A variable that is exported as nothing is an error too: it would turn a missing password
into an empty one, or a database into another one.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

from worker.received.marks import text_of
from worker.settings.naming import variables


class _Unread(Exception):
    """A variable gave no value; the text never says what it holds: it may be a secret put into the wrong place."""


class FileEnvSource(EnvSettingsSource):
    """The environment's variables, with every `..._FILE` replaced by what it points to.

    `unread` are the variables that gave no value, each with the sentence that says why.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        # Names of single settings only: the library would also take a whole section as JSON.
        self.env_vars, self.unread = _values(self.env_vars, variables(settings_cls, self.env_prefix))

    def __call__(self) -> dict[str, Any]:
        """What was set, by section. The provider's section is always there: what it lacks is named field by field."""
        required: dict[str, Any] = {"provider": {}} if "provider" in self.settings_cls.model_fields else {}
        return {**required, **super().__call__()}


def _values(exported: Mapping[str, str | None], names: Iterable[str]) -> tuple[dict[str, str | None], dict[str, str]]:
    found: dict[str, str | None] = {}
    unread = {}
    for name in names:
        try:
            value = _value(exported, name)
        except _Unread as exc:
            unread[name] = str(exc)
        else:
            found.update({} if value is None else {name.lower(): value})
    return found, unread


def _value(exported: Mapping[str, str | None], name: str) -> str | None:
    value, path = exported.get(name.lower()), exported.get(f"{name}_file".lower())
    if value is not None and path is not None:
        raise _Unread(f"{name}: set both directly and by {name}_FILE; remove one of them")
    if path is not None:
        return _content(path, name)
    if value == "":
        raise _Unread(f"{name}: is exported, but empty; give it a value or unset it")
    if value is not None and not _is_text(value):
        raise _Unread(f"{name}: is no text in UTF-8")
    return value


def _content(path: str, name: str) -> str:
    try:
        content = text_of(Path(path)).rstrip("\n")
    except UnicodeDecodeError:
        why = "is no text in UTF-8"
    except OSError as exc:
        why = f"cannot be read ({exc.strerror})"
    else:
        if content and _is_text(content):
            return content
        why = "is no text in UTF-8" if content else "is empty"
    raise _Unread(f"{name}_FILE: the file it names {why}")


def _is_text(value: str) -> bool:
    """Whether it is: a byte that is none became half a character, and UTF-16 is read as a NUL beside each character."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)

"""`provisioning-worker config check|show|template`."""

import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from worker.cli.reading import read_settings
from worker.cli.terminal.output import Column, Output, say, show_rows
from worker.settings import Settings, load, unknown_names
from worker.settings.model import PREFIX


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="What can be set, and what is.", no_args_is_help=True)
    app.command("check")(check)
    app.command("show")(show)
    app.command("template")(template)
    return app


def check() -> None:
    """Check every setting; exit 78 and name all faults at once when something cannot be used."""
    read_settings()
    for warning in unknown_names(os.environ):
        say(f"warning: {warning}")
    say("The settings can be used.")


def show(output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO) -> None:
    """Show every setting's value and where it comes from; secrets as asterisks."""
    rows = [
        {"name": name, "value": _shown(value), "from": _origin(name)}
        for name, _, value in _walk(load(Settings), PREFIX)
    ]
    show_rows(rows, (Column("name"), Column("value"), Column("from")), output)


def template() -> None:
    """Print every setting with its default and its meaning, ready to be filled in."""
    for name, field in _fields(Settings, PREFIX):
        default = "" if field.is_required() or field.default is None else _plain(field.default)
        sys.stdout.write(f"# {field.description}\n# {name}={default}\n")


def _fields(model: type[BaseModel], before: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from _fields(section, f"{before}{name.upper()}__")
        else:
            yield f"{before}{name.upper()}", field


def _walk(section: BaseModel, before: str) -> Iterator[tuple[str, FieldInfo, Any]]:
    for name, value in section:
        if isinstance(value, BaseModel):
            yield from _walk(value, f"{before}{name.upper()}__")
        else:
            yield f"{before}{name.upper()}", type(section).model_fields[name], value


def _origin(name: str) -> str:
    if name in os.environ:
        return "environment"
    return os.environ.get(f"{name}_FILE") or "default"


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _plain(default: object) -> str:
    # A default is no secret, even where the value will be one.
    return default.get_secret_value() if isinstance(default, SecretStr) else str(default)

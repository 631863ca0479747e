"""The list of commands. Each is imported when it is typed, so that none waits for what the others need."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from worker.cli.terminal import signals

#: As the help lists them, each with the first sentence of its own help. A command's module or package bears its name.
COMMANDS = {
    "run": "Work until SIGTERM, SIGHUP or Ctrl-C; a second signal ends at once.",
    "demo": "Send a billing system's commands through a real broker, a worker and a stand-in provider, and check each.",
    "sandbox": "Stand in for the provider, until Ctrl+C.",
    "send": "Publish commands: persistent, mandatory, each confirmed before the next.",
    "explain": (
        "Print what the ledger knows of a command: when it came, each failed attempt, how it ended, what it waits for."
    ),
    "doctor": (
        "Say what is wrong with broker, provider, ledger and settings, and the line that mends it; changes nothing."
    ),
    "customers": "The customers, as the provider itself lists them.",
    "topology": "The exchanges, queues and bindings that the worker needs.",
    "config": "What can be set, and what is.",
    "ledger": "The database that remembers every command.",
    "schema": "The contract with billing systems, for programs to read.",
}


class _Program(TyperGroup):
    """Lists the commands by their sentences, and imports the one that is typed."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - the library's own types are private
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed and command(str(name)), rest


def program() -> typer.Typer:
    """The commands."""
    app = _app()
    for name, sentence in COMMANDS.items():
        app.command(name, help=sentence)(_listed)
    return app


def command(name: str) -> Any:  # noqa: ANN401 - the library's own types are private
    """Import one command, or one noun with its commands. At a signal meanwhile the process ends at once."""
    app = _app()
    # Raised in the midst of an import, what the signal says could be lost: not every importer passes it on.
    with signals.handled(), _uncollected():
        room = import_module(f"worker.cli.commands.{name}")
    if hasattr(room, "commands"):
        app.add_typer(room.commands(), name=name)
    else:
        app.command(name)(getattr(room, name))
    return typer.main.get_group(app).commands[name]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: modules make next to none, and each look would go through all there is so far."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _app() -> typer.Typer:
    return typer.Typer(
        cls=_Program,
        help="Applies a billing system's commands to the provider, and answers each with one result event.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )


def _listed() -> None:
    """Stands in the list for a command that is not imported yet."""

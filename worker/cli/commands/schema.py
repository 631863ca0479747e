"""`provisioning-worker schema export DIR`."""

import re
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from messages.contract import DEFAULT_PREFIX, documents, text_of
from worker.cli.terminal.output import say
from worker.cli.terminal.signals import explained_if_ended
from worker.errors import WorkerError
from worker.exits import Exit

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_READABLE_BY_ALL = 0o644


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="The contract with billing systems, for programs to read.", no_args_is_help=True)
    app.command("export")(export)
    return app


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made when it is not there.")],
    prefix: Annotated[
        str, typer.Option(help="The installation's AMQP__PREFIX: the first part of its exchanges' names.")
    ] = DEFAULT_PREFIX,
) -> None:
    """Write a JSON Schema for every command and every event, and an AsyncAPI document of them all.

    Files of these names are replaced, each at once and whole; others in DIR are left alone.
    """
    if not _PREFIX.fullmatch(prefix):
        say("the prefix must be 1 to 100 letters, digits, dots, dashes and underscores")
        sys.exit(Exit.USAGE)
    written = documents(prefix)
    done = 0
    with explained_if_ended(lambda: f"{done} of {len(written)} files had been written, each whole"):
        for name, document in written.items():
            _replace(directory / name, text_of(document))
            done += 1
    say(f"{len(written)} files were written to {directory}; begin with {directory / 'asyncapi.json'}")


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text)
    except OSError as exc:
        raise WorkerError(f"{path} cannot be written: {exc.strerror or exc}; give another DIR, or make room") from exc


def _write(path: Path, text: str) -> None:
    # In the same folder, so that the file takes its place in one step, and nobody ever reads half of it.
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as draft:
        try:
            draft.write(text)
            draft.close()
            Path(draft.name).chmod(_READABLE_BY_ALL)
            Path(draft.name).replace(path)
        except OSError:
            Path(draft.name).unlink(missing_ok=True)
            raise

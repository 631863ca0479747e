"""`provisioning-worker ledger migrate|adopt`."""

import os

import typer
from rich.console import Console

from worker.assembly import configured_keys, ledger_identity
from worker.cli.reading import read_settings
from worker.ledger.keyfile import load_keys
from worker.ledger.keys import fingerprinter
from worker.ledger.upkeep import adopt_ledger, migrate_ledger
from worker.settings import LedgerReach, load
from worker.settings.places import ledger_url


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="The database that remembers every command.", no_args_is_help=True)
    app.command("migrate")(migrate)
    app.command("adopt")(adopt)
    return app


def migrate() -> None:
    """Bring the ledger's schema up to date. A SQLite ledger does this by itself when the worker starts."""
    migrate_ledger(ledger_url(load(LedgerReach), os.environ))
    Console(stderr=True).print("The ledger's schema is up to date.")


def adopt() -> None:
    """Sign the ledger over to the worker that these settings describe (say, after a new prefix)."""
    settings = read_settings()
    url = ledger_url(settings, os.environ)
    marks = fingerprinter(load_keys(configured_keys(settings), url))
    adopt_ledger(url, ledger_identity(settings, marks))
    Console(stderr=True).print("The ledger belongs to the worker of these settings now.")

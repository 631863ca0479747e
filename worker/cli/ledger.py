"""`provisioning-worker ledger migrate`."""

import os

import typer
from rich.console import Console

from worker.ledger.migration import migrate as migrate_schema
from worker.ledger.stores.opening import open_store
from worker.settings import LedgerReach, load
from worker.settings.places import ledger_url


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="The database that remembers every command.", no_args_is_help=True)
    app.callback()(_ledger)
    app.command("migrate")(migrate)
    return app


def _ledger() -> None:
    """The database that remembers every command."""


def migrate() -> None:
    """Bring the ledger's schema up to date. A SQLite ledger does this by itself when the worker starts."""
    store = open_store(ledger_url(load(LedgerReach), os.environ))
    try:
        migrate_schema(store.engine)
    finally:
        store.release()
    Console(stderr=True).print(f"The schema of {store.name} is up to date.", markup=False)

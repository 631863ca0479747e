"""`provisioning-worker ledger migrate|stats|prune|adopt`."""

import os
from threading import Event
from typing import Annotated

import typer

from worker.cli.commands.ledger.rows import (
    PARKED_COLUMNS,
    PRUNED_COLUMNS,
    STATS_COLUMNS,
    parked_rows,
    pruned_rows,
    stats_rows,
)
from worker.cli.reading import read_settings
from worker.cli.terminal.output import Output, Row, say, show_rows
from worker.cli.terminal.signals import explained_if_ended
from worker.clock import SystemClock
from worker.from_settings import configured_keys, ledger_identity
from worker.ledger.keyfile import load_keys
from worker.ledger.keys import fingerprinter
from worker.ledger.maintenance import (
    adopt_ledger,
    forget_what_is_parked,
    look_what_is_parked,
    look_what_to_prune,
    migrate_ledger,
    prune_ledger,
)
from worker.ledger.read.stats import read_stats
from worker.ledger.stores.url import is_sqlite, name_of, parse
from worker.settings import LedgerReach, SecretsReach, load
from worker.settings.model import LONGEST_KEEP_DAYS
from worker.settings.places import ledger_url


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="The database that remembers every command.", no_args_is_help=True)
    app.command("migrate")(migrate)
    app.command("stats")(stats)
    app.command("prune")(prune)
    app.command("adopt")(adopt)
    return app


def migrate() -> None:
    """Bring the ledger's schema up to date. A SQLite ledger does this by itself when the worker starts."""
    url = ledger_url(load(LedgerReach), os.environ)
    with explained_if_ended(lambda: "each step was made whole or not at all: type it again for the rest"):
        if is_sqlite(parse(url)):
            # A new ledger gets its key file first: without one a worker would take it for one that has lost its keys.
            load_keys(configured_keys(load(SecretsReach)), url)
        migrate_ledger(url)
    say("The ledger's schema is up to date.")


def stats(output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO) -> None:
    """Count what the ledger holds, also while a worker runs; nothing is changed.

    Commands by state, type and reason, how many are parked, the oldest unfinished and the newest finished one, the room
    it takes, what could be pruned now, and the workers that have it open.
    """
    settings = load(LedgerReach)
    url = ledger_url(settings, os.environ)
    say(f"read from {name_of(url)}")
    show_rows(stats_rows(read_stats(url, settings.ledger.keep_days, SystemClock())), STATS_COLUMNS, output)


def prune(
    *,
    older_than: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=1, max=LONGEST_KEEP_DAYS, help="Instead of PROVISIONING_LEDGER__KEEP_DAYS."),
    ] = None,
    parked: Annotated[
        bool,
        typer.Option("--parked", help="Forget what is parked instead; every worker of the ledger must be stopped."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO,
) -> None:
    """Forget the commands that ended long ago, with their attempts, and old refusals; a running worker does so hourly.

    What is unfinished stays, and every command of which a dead letter is open. A repeat of what was forgotten is new.

    --parked is for a ledger that was put back from a backup: what is parked in it may have run since, and would run
    again. It forgets all of it, lists what it was, and leaves everything else.
    """
    settings = load(LedgerReach)
    url = ledger_url(settings, os.environ)
    if parked:
        if older_than is not None:
            raise typer.BadParameter(
                "--parked forgets everything that is parked, however old it is: give one of the two."
            )
        _prune_parked(url, output, dry_run=dry_run)
        return
    days = settings.ledger.keep_days if older_than is None else older_than
    verb = "would be pruned from" if dry_run else "pruned from"
    say(f"what ended more than {days} days ago, {verb} {name_of(url)}")
    show_rows(_pruned_rows(url, days, dry_run=dry_run), PRUNED_COLUMNS, output)


def adopt() -> None:
    """Sign the ledger over to the worker that these settings describe (say, after a new prefix)."""
    settings = read_settings()
    url = ledger_url(settings, os.environ)
    marks = fingerprinter(load_keys(configured_keys(settings), url))
    with explained_if_ended(lambda: "the ledger may belong to the worker of these settings now: type it again"):
        adopt_ledger(url, ledger_identity(settings, marks))
    say("The ledger belongs to the worker of these settings now.")


def _pruned_rows(url: str, days: int, *, dry_run: bool) -> list[Row]:
    if dry_run:
        found = look_what_to_prune(url, days, SystemClock())
        return pruned_rows(found.commands, found.refusals)
    # Nobody asks it to stop: a signal ends it between two commits.
    with explained_if_ended(lambda: "what was pruned by then stays forgotten: type it again for the rest"):
        pruned = prune_ledger(url, days, SystemClock(), Event().wait)
    return pruned_rows(pruned.commands, pruned.refusals)


def _prune_parked(url: str, output: Output, *, dry_run: bool) -> None:
    with explained_if_ended(lambda: "all that is parked was forgotten, or nothing: `ledger stats` counts it"):
        found = look_what_is_parked(url) if dry_run else forget_what_is_parked(url, SystemClock())
    verb = "would be forgotten in" if dry_run else "forgotten in"
    say(f"{len(found)} parked commands {verb} {name_of(url)}")
    show_rows(parked_rows(found), PARKED_COLUMNS, output)

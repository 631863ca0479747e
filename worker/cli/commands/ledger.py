"""`provisioning-worker ledger migrate|stats|prune|adopt`, and the rows they print, for people and for programs."""

import os
from collections.abc import Iterable, Iterator
from threading import Event
from typing import Annotated

import typer

from worker.cli.reading import read_settings
from worker.cli.terminal.output import Column, Output, Row, say, show_rows
from worker.cli.terminal.signals import explained_if_ended
from worker.clock import SystemClock
from worker.domain.result_events import rfc3339
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
from worker.ledger.pruning.parked import ParkedCommand
from worker.ledger.read.stats import LedgerStats, Owner, ParkedCount, read_stats
from worker.ledger.stores.url import is_sqlite, name_of, parse
from worker.settings import LedgerReach, SecretsReach, load
from worker.settings.loading import ledger_url
from worker.settings.model import LONGEST_KEEP_DAYS

STATS_COLUMNS = (Column("about"), Column("what"), Column("value"))
PRUNED_COLUMNS = (Column("what"), Column("count"))
PARKED_COLUMNS = (Column("id"), Column("source"), Column("parked_since", "parked since"))

_KIBI = 1024.0
_UNITS = "B", "KiB", "MiB", "GiB"


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


def stats_rows(stats: LedgerStats) -> list[Row]:
    """Make the rows; those of one kind (`about`) have the same fields."""
    return [
        _row("ledger", "name", stats.name),
        _row("ledger", "schema", stats.schema),
        *_size_rows(stats),
        *_command_rows(stats),
        *(_row("refusals", each.reason, each.count, reason=each.reason) for each in stats.refusals),
        _parked_row(stats.parked),
        *_extreme_rows(stats),
        _row("prunable", f"commands that ended before {rfc3339(stats.prunable.before)}", stats.prunable.commands),
        _row("prunable", f"refusals from before {rfc3339(stats.prunable.before)}", stats.prunable.refusals),
        *(_owner_row(each, stats.seen_at) for each in stats.owners),
    ]


def pruned_rows(commands: int, refusals: int) -> list[Row]:
    """How many of each kind are forgotten."""
    return [{"what": "commands", "count": commands}, {"what": "refusals", "count": refusals}]


def parked_rows(parked: Iterable[ParkedCommand]) -> list[Row]:
    """Make a row of each that is forgotten; a message that could not name its command has neither id nor source."""
    return [{"id": each.id, "source": each.source, "parked_since": rfc3339(each.since)} for each in parked]


def _size_rows(stats: LedgerStats) -> Iterator[Row]:
    total, free = stats.size.total_bytes, stats.size.free_bytes
    yield _row("size", f"on disk ({_readable(total)})", total)
    if free is not None:
        yield _row("size", f"of it free, filled first ({_readable(free)})", free)


def _command_rows(stats: LedgerStats) -> Iterator[Row]:
    for each in stats.commands:
        words = " ".join(filter(None, (each.state, each.type, each.reason)))
        yield _row("commands", words, each.count, state=each.state, type=each.type, reason=each.reason)


def _parked_row(parked: ParkedCount) -> Row:
    since = None if parked.since is None else rfc3339(parked.since)
    words = "commands that wait in the ledger for their turn" + (f", the first since {since}" if since else "")
    return _row("parked", words, parked.count, since=since)


def _extreme_rows(stats: LedgerStats) -> Iterator[Row]:
    oldest = stats.oldest_unfinished
    if oldest is not None:
        words = f"{oldest.type} {oldest.key.id} of {oldest.key.source}, {oldest.state} since"
        more = {"id": oldest.key.id, "source": oldest.key.source, "type": oldest.type, "state": oldest.state}
        yield _row("oldest unfinished", words, rfc3339(oldest.since), **more)
    if stats.newest_finished is not None:
        yield _row("newest finished", "ended at", rfc3339(stats.newest_finished))


def _owner_row(owner: Owner, now: float) -> Row:
    lease = "lease until" if owner.lease_until > now else "gone without a word, lease ended"
    words = f"process {owner.pid} on {owner.host}, holding {owner.holding} and {owner.parked} parked, {lease}"
    return _row(
        "owner",
        words,
        rfc3339(owner.lease_until),
        owner=owner.owner,
        host=owner.host,
        pid=owner.pid,
        started_at=rfc3339(owner.started_at),
        holding=owner.holding,
        parked=owner.parked,
    )


def _row(about: str, what: str, value: object, **more: object) -> Row:
    return {"about": about, "what": what, "value": value, **more}


def _readable(count: int) -> str:
    size, unit = float(count), 0
    while size >= _KIBI and unit < len(_UNITS) - 1:
        size, unit = size / _KIBI, unit + 1
    return f"{size:.1f} {_UNITS[unit]}" if unit else f"{count} B"

"""What `ledger stats` and `ledger prune` print: one row for each thing, words for people and fields for programs."""

from collections.abc import Iterable, Iterator

from worker.cli.terminal.output import Column, Row
from worker.domain.result_events import rfc3339
from worker.ledger.pruning.parked import ParkedCommand
from worker.ledger.read.stats import LedgerStats, Owner, ParkedCount

STATS_COLUMNS = (Column("about"), Column("what"), Column("value"))
PRUNED_COLUMNS = (Column("what"), Column("count"))
PARKED_COLUMNS = (Column("id"), Column("source"), Column("parked_since", "parked since"))

_KIBI = 1024.0
_UNITS = "B", "KiB", "MiB", "GiB"


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

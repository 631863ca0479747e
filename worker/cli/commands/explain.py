"""`provisioning-worker explain COMMAND_ID`: all that the ledger knows of one command."""

import os
from typing import Annotated

import typer

from worker.cli.terminal.output import Column, Output, say, show_rows
from worker.domain.result_events import rfc3339
from worker.errors import WorkerError
from worker.ledger.read.records import CommandRecord, ParkedRecord, RefusedRecord, open_reader
from worker.settings import LedgerReach, load
from worker.settings.loading import ledger_url

# It may not be published yet: that comes after the ending was written.
_RECORDED = "its event is recorded, and published once the broker takes it"
_STATES = {
    "claimed": "being handled, or its worker stopped while it was",
    "waiting": "waits for its next attempt",
    "done": f"done; {_RECORDED}",
    "dead": "given up; its dead letter and its event are recorded, and published once the broker takes them",
}
_OUTCOMES = {
    "applied": f"applied; {_RECORDED}",
    "already_applied": f"already_applied: found done by an earlier attempt; {_RECORDED}",
}


def explain(
    command_id: Annotated[str, typer.Argument(help="The command's id, as its emitter chose it.")],
    output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO,
) -> None:
    """Print what the ledger knows of a command: when it came, each failed attempt, how it ended, what it waits for."""
    with open_reader(ledger_url(load(LedgerReach), os.environ)) as reader:
        say(f"read from {reader.name}")
        records = reader.records(command_id)
    rows = [row for command in records.commands for row in _command_rows(command)]
    rows += [_refused_row(refused) for refused in records.refusals]
    rows += [_parked_row(parked) for parked in records.parked]
    if not rows:
        raise WorkerError(
            f"the ledger has never seen {command_id}: it is still on the queue, was never sent, or was sent to another "
            "worker; compare the id with the emitter's, and look at provisioning_queue_messages"
        )
    show_rows(rows, (Column("at"), Column("what"), Column("source"), Column("detail")), output)


def _command_rows(command: CommandRecord) -> list[dict[str, object]]:
    source = command.key.source
    rows = [_row(command.first_seen_at, "first claimed", source, f"{command.type} for {command.subject or '-'}")]
    rows += [
        _row(tried.at, f"attempt {tried.number} failed ({tried.cause})", source, tried.detail)
        for tried in command.failed_attempts
    ]
    ended = command.finished_at or command.not_before
    detail = _OUTCOMES.get(command.outcome or "") or _STATES.get(command.state, command.state)
    if command.dead_letter is not None:
        detail += f": {command.dead_letter.reason}, {command.dead_letter.headers.get('provisioning-detail', '')}"
    rows.append(_row(ended, command.state, source, detail))
    return rows


def _refused_row(refused: RefusedRecord) -> dict[str, object]:
    dead_letter = refused.refusal.dead_letter
    detail = f"{dead_letter.reason}: {dead_letter.headers.get('provisioning-detail', '')}"
    return _row(refused.at, "refused", str(dead_letter.headers.get("provisioning-command-source", "")), detail)


def _parked_row(parked: ParkedRecord) -> dict[str, object]:
    if parked.ahead == 0:
        detail = "waits in the ledger, with nothing parked before it: the worker runs it as soon as it can"
    else:
        named = "" if parked.first is None else f", the first of them {parked.first.id} of {parked.first.source}"
        detail = (
            f"waits in the ledger behind {parked.ahead} parked before it for the same customer{named}: the worker runs "
            "them in this order; explain the first to see what it waits for"
        )
    return _row(parked.since, "parked", parked.key.source, detail)


def _row(at: float | None, what: str, source: str, detail: str) -> dict[str, object]:
    return {"at": rfc3339(at) if at else "", "what": what, "source": source, "detail": detail}

"""Writes down how commands ended, that an attempt failed, or what the next attempt must know.

Keeps also what was refused before it took its key, so that a repeat is answered with the very same bytes.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Update, bindparam, false, insert, literal, select, update

from worker.domain.claims import Token
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.identity import CommandKey
from worker.errors import ClaimLost
from worker.ledger.operations.rows import (
    StoredRow,
    dead_letter_of,
    dead_letter_values,
    event_of,
    event_values,
    history_values,
    key_of,
    storable,
)
from worker.ledger.operations.transaction import Unit
from worker.ledger.schema import commands, failed_attempts, refusals

_HISTORY = "tries", "attempts", "provisional", "provisional_at", "seconds_used", "begun", "first_failed_at"
_EVENT = "event_id", "event_type", "event_body"
_DEAD_LETTER = "letter_id", "letter_reason", "letter_headers"
# The token is compared by the statement itself, so that nothing is read first; a finished command never changes.
# Whether it is finished is asked of the state, not of `finished_at`: PostgreSQL would then not look the key up but read
# the whole index of the unfinished, with every dead entry that was not swept out of it yet.
_MINE = (
    (commands.c.id == bindparam("key_id"))
    & (commands.c.source == bindparam("key_source"))
    & (commands.c.token == bindparam("held"))
    & (commands.c.state != "done")
    & (commands.c.state != "dead")
)
_FINISH = (
    update(commands)
    .where(_MINE)
    .values({name: bindparam(name) for name in ("state", *_HISTORY, *_EVENT, *_DEAD_LETTER, "finished_at")})
    .values(not_before=None)
)
_DEFER = (
    update(commands)
    .where(_MINE)
    .values({name: bindparam(name) for name in (*_HISTORY, "not_before")})
    # It came back alive: whatever ends the process from here on is not its doing, until it runs alone again.
    .values(state=literal("waiting"), alone=false())
)
_NOTE = update(commands).where(_MINE).values(note=bindparam("note"))
_ATTEMPT = "command_id", "command_source", "number", "at", "cause", "detail"
_REMEMBER = insert(failed_attempts).values({name: bindparam(name) for name in _ATTEMPT})
_HOLDERS = select(
    commands.c.source, commands.c.id, commands.c.token, commands.c.event_id, commands.c.finished_at
).where(commands.c.id.in_(bindparam("ids", expanding=True)))
#: The header that names the command, where the message was whole enough to name one; people look refusals up by it.
COMMAND_ID_HEADER = "provisioning-command-id"

_FIND_REFUSALS = select(refusals).where(refusals.c.id.in_(bindparam("ids", expanding=True)))
_KEEP_REFUSALS = insert(refusals)


def record_many(unit: Unit, endings: Sequence[tuple[Token, Ending]]) -> list[ClaimLost | None]:
    """Write endings down; the answer of a token that is not the newest is ClaimLost, and its ending is not written.

    The same ending recorded again with the same token is no loss: the caller may not know of the first time.
    """
    values = [_ending_values(unit, token, ending) for token, ending in endings]
    if _all_changed(unit, _FINISH, values):
        return [None] * len(endings)
    holders = _holders(unit, [token for token, _ in endings])
    return [
        None if _ended_so(holders.get(token.key), token, ending.event.id) else _lost(token) for token, ending in endings
    ]


def defer_many(unit: Unit, deferrals: Sequence[tuple[Token, Deferral]]) -> list[ClaimLost | None]:
    """Write failed attempts down; of a token that is not the newest nothing is written, and its answer is ClaimLost."""
    values = [_deferral_values(token, deferral) for token, deferral in deferrals]
    answers: list[ClaimLost | None] = [None] * len(deferrals)
    if not _all_changed(unit, _DEFER, values):
        holders = _holders(unit, [token for token, _ in deferrals])
        answers = [None if _is_held(holders.get(token.key), token) else _lost(token) for token, _ in deferrals]
    kept = [_attempt_values(unit, *each) for each, answer in zip(deferrals, answers, strict=True) if answer is None]
    if kept:
        unit.change(_REMEMBER, kept)
    return answers


def note_many(unit: Unit, notes: Sequence[tuple[Token, str]]) -> list[ClaimLost | None]:
    """Keep each note with its command; the answer of a token that is not the newest is ClaimLost."""
    values = [{**_token_values(token), "note": storable(note)} for token, note in notes]
    if _all_changed(unit, _NOTE, values):
        return [None] * len(notes)
    holders = _holders(unit, [token for token, _ in notes])
    return [None if _is_held(holders.get(token.key), token) else _lost(token) for token, _ in notes]


def refuse_many(unit: Unit, asked: Sequence[Refusal]) -> list[Refusal]:
    """Keep each refusal, or give back the one that was kept first.

    Raises IntegrityError when another process keeps the same one at the same moment: doing it again finds its row.
    """
    ids = [id_ for refusal in asked for id_ in (refusal.id, *refusal.older_ids)]
    kept = {row.id: refusal_of(row) for row in unit.connection.execute(_FIND_REFUSALS, {"ids": ids})}
    answers, new = [], []
    for refusal in asked:
        first = next((kept[id_] for id_ in (refusal.id, *refusal.older_ids) if id_ in kept), refusal)
        if first is refusal:
            # The same message may be asked about twice in one batch.
            kept[refusal.id] = refusal
            new.append(_refusal_values(unit, refusal))
        answers.append(first)
    if new:
        unit.connection.execute(_KEEP_REFUSALS, new)
    return answers


def refusal_of(row: StoredRow) -> Refusal:
    """Read a refusal from its row."""
    return Refusal(row.id, dead_letter_of(row), None if row.event_id is None else event_of(row))


def _all_changed(unit: Unit, statement: Update, values: Sequence[Mapping[str, object]]) -> bool:
    return unit.change(statement, values) == len(values)


def _holders(unit: Unit, tokens: Sequence[Token]) -> dict[CommandKey, StoredRow]:
    found = unit.rows(_HOLDERS, {"ids": [token.key.id for token in tokens]})
    return {key_of(row): row for row in found}


def _ended_so(row: StoredRow | None, token: Token, event_id: str) -> bool:
    return row is not None and row.token == token.value and row.event_id == event_id


def _is_held(row: StoredRow | None, token: Token) -> bool:
    return row is not None and row.token == token.value and row.finished_at is None


def _lost(token: Token) -> ClaimLost:
    return ClaimLost(
        f"Command {token.key.id} of {token.key.source} was claimed anew since this attempt began. Nothing was written: "
        "the newer attempt says how it ends."
    )


def _token_values(token: Token) -> dict[str, object]:
    return {"key_id": token.key.id, "key_source": token.key.source, "held": token.value}


def _ending_values(unit: Unit, token: Token, ending: Ending) -> dict[str, object]:
    return {
        **_token_values(token),
        **history_values(ending.history),
        **event_values(ending.event),
        **dead_letter_values(ending.dead_letter),
        "state": "done" if ending.dead_letter is None else "dead",
        "finished_at": unit.now,
    }


def _deferral_values(token: Token, deferral: Deferral) -> dict[str, object]:
    return {**_token_values(token), **history_values(deferral.history), "not_before": deferral.not_before}


def _attempt_values(unit: Unit, token: Token, deferral: Deferral) -> dict[str, object]:
    return {
        "command_id": token.key.id,
        "command_source": token.key.source,
        "number": deferral.history.attempts,
        "at": unit.now,
        "cause": storable(deferral.cause),
        "detail": storable(deferral.detail),
    }


def _refusal_values(unit: Unit, refusal: Refusal) -> dict[str, object]:
    command_id = refusal.dead_letter.headers.get(COMMAND_ID_HEADER)
    return {
        "id": refusal.id,
        "command_id": None if command_id is None else storable(str(command_id)),
        **dead_letter_values(refusal.dead_letter),
        **event_values(refusal.event),
        "at": unit.now,
    }

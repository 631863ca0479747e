"""Keeps what was refused before it took its key, so that a repeat is answered with the very same bytes."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select

from worker.domain.endings import Refusal
from worker.ledger.operations.rows import StoredRow, dead_letter_of, dead_letter_values, event_of, event_values
from worker.ledger.operations.unit import Unit, storable
from worker.ledger.schema import refusals

#: The header that names the command, where the message was whole enough to name one; people look refusals up by it.
COMMAND_ID_HEADER = "provisioning-command-id"

_FIND = select(refusals).where(refusals.c.id.in_(bindparam("ids", expanding=True)))
_INSERT = insert(refusals)


def refuse_many(unit: Unit, asked: Sequence[Refusal]) -> list[Refusal]:
    """Keep each refusal, or give back the one that was kept first.

    Raises IntegrityError when another process keeps the same one at the same moment: doing it again finds its row.
    """
    ids = [id_ for refusal in asked for id_ in (refusal.id, *refusal.older_ids)]
    kept = {row.id: refusal_of(row) for row in unit.connection.execute(_FIND, {"ids": ids})}
    answers, new = [], []
    for refusal in asked:
        first = next((kept[id_] for id_ in (refusal.id, *refusal.older_ids) if id_ in kept), refusal)
        if first is refusal:
            # The same message may be asked about twice in one batch.
            kept[refusal.id] = refusal
            new.append(_values(unit, refusal))
        answers.append(first)
    if new:
        unit.connection.execute(_INSERT, new)
    return answers


def refusal_of(row: StoredRow) -> Refusal:
    """Read a refusal from its row."""
    return Refusal(row.id, dead_letter_of(row), None if row.event_id is None else event_of(row))


def _values(unit: Unit, refusal: Refusal) -> dict[str, object]:
    command_id = refusal.dead_letter.headers.get(COMMAND_ID_HEADER)
    return {
        "id": refusal.id,
        "command_id": None if command_id is None else storable(str(command_id)),
        **dead_letter_values(refusal.dead_letter),
        **event_values(refusal.event),
        "at": unit.now,
    }

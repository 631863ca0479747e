"""Rows that were left in a ledger long ago, put there by SQL because no port can turn the clock of a row back."""

from collections.abc import Mapping

from sqlalchemy import Engine, insert

from worker.ledger.schema import commands, dead_letters, failed_attempts, owners, refusals

DAY = 86_400.0


def old_command(engine: Engine, id_: str, finished_at: float | None, **changes: object) -> None:
    """Leave a command that was done at that time (None: it never was), with one failed attempt."""
    state = "claimed" if finished_at is None else "done"
    row: dict[str, object] = {
        "source": "billing",
        "id": id_,
        "type": "CreateCustomer",
        "fingerprint": b"a" * 32,
        "lanes": "[]",
        "state": state,
        "owner": "gone",
        "token": f"gone:{id_}",
        "begun": True,
        "tries": 1,
        "event_id": f"event of {id_}",
        "event_type": "CustomerCreated",
        "event_body": b"{}",
        "first_seen_at": 1.0,
        "finished_at": finished_at,
        **changes,
    }
    tried = {"command_id": id_, "command_source": row["source"], "number": 1, "at": 1.0, "cause": "", "detail": ""}
    with engine.begin() as connection:
        connection.execute(insert(commands), row)
        connection.execute(insert(failed_attempts), tried)


def dead_command(engine: Engine, id_: str, finished_at: float) -> None:
    """Leave a command that was given up at that time; whether its dead letter arrived is another matter."""
    dead_letter: Mapping[str, object] = {
        "letter_id": f"letter of {id_}",
        "letter_reason": "provider_rejected",
        "letter_headers": "{}",
    }
    old_command(engine, id_, finished_at, state="dead", **dead_letter)


def arrived_dead_letter(engine: Engine, id_: str, closed_at: float | None, name: str = "") -> None:
    """Write a command's dead letter down as a keeper would, open or closed; `name` for another one that names it."""
    row = {
        "id": name or f"letter of {id_}",
        "command_source": "billing",
        "command_id": id_,
        "type": "CreateCustomer",
        "reason": "provider_rejected",
        "detail": "",
        "state": "open" if closed_at is None else "discarded",
        "body": b"",
        "properties": "{}",
        "headers": "{}",
        "failed_at": 1.0,
        "moved_at": 1.0,
        "closed_at": closed_at,
    }
    with engine.begin() as connection:
        connection.execute(insert(dead_letters), row)


def old_refusal(engine: Engine, id_: str, at: float) -> None:
    """Leave a message that was refused at that time."""
    row = {"id": id_, "letter_id": f"letter of {id_}", "letter_reason": "invalid", "letter_headers": "{}", "at": at}
    with engine.begin() as connection:
        connection.execute(insert(refusals), row)


def old_owner(engine: Engine, name: str, lease_until: float, stopped_at: float | None = None) -> None:
    """Leave a process that worked here."""
    row = {"owner": name, "host": "old-host", "pid": 7, "lease_until": lease_until, "started_at": 1.0}
    with engine.begin() as connection:
        connection.execute(insert(owners), {**row, "stopped_at": stopped_at})

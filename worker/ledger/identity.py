"""Whose ledger it is: one row, written once, compared at every start."""

from dataclasses import asdict, fields

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from worker.errors import LedgerRefused
from worker.ledger.config import LedgerIdentity
from worker.ledger.operations.rows import StoredRow
from worker.ledger.schema import identity as identity_table

_NAMES = tuple(each.name for each in fields(LedgerIdentity) if each.name != "key_marks")
#: Both editions have the same customers, so changing from one to the other makes it no other worker's ledger.
COMPARED = tuple(name for name in _NAMES if name != "provider_edition")


def settle_identity(engine: Engine, name: str, identity: LedgerIdentity) -> None:
    """Sign a new ledger, or compare the signature of an old one.

    Raises LedgerRefused when it belongs to another worker, or was written with secret keys that we do not have.
    """
    try:
        _sign_or_compare(engine, name, identity)
    except IntegrityError:
        # Another process signed it between our look and our signature: of two that start at once neither may fail.
        _sign_or_compare(engine, name, identity)


def _sign_or_compare(engine: Engine, name: str, identity: LedgerIdentity) -> None:
    with engine.begin() as connection:
        row = connection.execute(select(identity_table)).one_or_none()
        if row is None:
            _sign(connection, identity)
            return
        _compare(row, name, identity)
        _compare_keys(row, name, identity)
        newest = {"key_mark": identity.key_marks[0]} if identity.key_marks else {}
        connection.execute(update(identity_table).values(provider_edition=identity.provider_edition, **newest))


def adopt(engine: Engine, identity: LedgerIdentity) -> None:
    """Make this worker the ledger's owner, replacing the one it was made for."""
    with engine.begin() as connection:
        connection.execute(delete(identity_table))
        _sign(connection, identity)


def _sign(connection: Connection, identity: LedgerIdentity) -> None:
    values = {name: value for name, value in asdict(identity).items() if name in _NAMES}
    mark = identity.key_marks[0] if identity.key_marks else None
    connection.execute(insert(identity_table), {**values, "row": 1, "key_mark": mark})


def _compare(row: StoredRow, name: str, identity: LedgerIdentity) -> None:
    theirs = {each: getattr(row, each) for each in COMPARED}
    ours = {each: getattr(identity, each) for each in COMPARED}
    if theirs != ours:
        raise LedgerRefused(
            f"The ledger {name} belongs to the worker with {_worded(theirs)}; this one has {_worded(ours)}. If they "
            "are the same after all, run `provisioning-worker ledger adopt`; if not, name another ledger in "
            "PROVISIONING_LEDGER__URL."
        )


def _worded(values: dict[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value!r}" for name, value in values.items())


def _compare_keys(row: StoredRow, name: str, identity: LedgerIdentity) -> None:
    if identity.key_marks and row.key_mark is not None and row.key_mark not in identity.key_marks:
        raise LedgerRefused(
            f"The ledger {name} was written with a secret key that this worker does not have: every repeat of an "
            "earlier command would look like another command. Put the old key back into PROVISIONING_SECRETS__KEYS, "
            "behind the new ones, and keep it there for PROVISIONING_LEDGER__KEEP_DAYS."
        )

"""The transaction that operations of a ledger are given, on any connection."""

from itertools import count

from sqlalchemy import Connection

from worker.ledger.operations.transaction import Change, Question, Statement, Unit


def unit_on(connection: Connection, statements: dict[Question | Change, Statement] | None = None) -> Unit:
    """Make one whose time stands still; it prepares its statements anew unless it is given some."""
    return Unit(
        connection=connection,
        statements={} if statements is None else statements,
        owner="us",
        now=0.0,
        lease_now=lambda: 0.0,
        settle_seconds=0.0,
        lease_seconds=15.0,
        sole=True,
        serials=count(1),
    )

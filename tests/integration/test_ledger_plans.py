"""Every statement of a claim's way finds its rows by an index: its cost does not grow with the table.

Shown by the databases' own plans for the very statements that were sent, on a table large enough to plan for.
"""

from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from bench.filling import HOT_CUSTOMER, fill, nth_id
from tests.support.ledger_opening import opened
from tests.support.ledger_samples import asking, failed_attempt, success, token_of
from tests.support.sent_statements import hear_statements
from worker.domain.claims import Done
from worker.ledger.pruning.rule import forget_commands

ROWS = 20_000
FILLED = (b"\0" * 32,)


@pytest.fixture
def url(url: str) -> str:
    """A ledger with thousands of finished commands, and statistics that say so."""
    engine = create_engine(url, poolclass=NullPool)
    fill(engine, 1, ROWS)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    return url


class Plans:
    """Asks the database for the plan of each statement about commands right before it is run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, engine: Engine, url: str) -> None:
        self.of: dict[str, str] = {}
        self._words = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
        self._beside = create_engine(url, poolclass=NullPool, paramstyle=engine.dialect.paramstyle)
        hear_statements(monkeypatch, engine, self._explain)

    def _explain(self, statement: str, values: Any) -> None:  # noqa: ANN401  # the driver's
        if "commands" not in statement or statement.lower().startswith("insert"):
            return
        with self._beside.connect() as connection:
            plan = connection.exec_driver_sql(self._words + statement, values).all()
        self.of[statement] = "\n".join(str(row[-1]) for row in plan)

    def check(self) -> None:
        """Fail for each plan that reads a table from end to end, or all that is unfinished."""
        bad = {
            statement: plan
            for statement, plan in self.of.items()
            if "Seq Scan on commands" in plan or "SCAN commands" in plan or "ix_commands_unfinished" in plan
        }
        assert not bad, "\n\n".join(f"{statement}\n{plan}" for statement, plan in bad.items())


def test_no_step_of_a_command_reads_the_table(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with opened(url) as ledger:
        plans = Plans(monkeypatch, ledger._store.engine, url)
        token = token_of(ledger.claim(asking("new")))
        ledger.note(token, "before the write")
        ledger.defer(token, failed_attempt(0.0))
        token = token_of(ledger.claim(asking("new")))
        assert isinstance(ledger.claim(asking(nth_id(7), content=FILLED)), Done)
        assert not ledger.other_create(HOT_CUSTOMER, token)
        assert not ledger.later_applied(HOT_CUSTOMER, token)
        ledger.record(token, success())

    assert len(plans.of) == 7
    plans.check()


def test_pruning_looks_at_its_own_rows_only(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    plans = Plans(monkeypatch, engine, url)
    with engine.begin() as connection:
        batch = forget_commands(connection, 1_700_000_100.0, None)

    assert batch.forgotten == 98
    assert len(plans.of) == 2
    plans.check()


def test_what_is_asked_of_one_customer_has_indexes_of_its_own(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    with opened(url) as ledger:
        plans = Plans(monkeypatch, ledger._store.engine, url)
        token = token_of(ledger.claim(asking("new")))
        ledger.other_create(HOT_CUSTOMER, token)
        ledger.later_applied(HOT_CUSTOMER, token)

    text = "\n".join(plans.of.values())
    assert "ix_commands_creates" in text
    assert "ix_commands_username_arrival" in text
    # PostgreSQL plans what is asked often without its values, and then only the text can show that the index fits.
    assert any("type = 'CreateCustomer'" in statement for statement in plans.of)

"""What a role, a database or a server have as their defaults changes nothing of what a worker's commits promise."""

from collections.abc import Iterator

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import opened
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import asking, success, token_of
from worker.domain.claims import Done
from worker.errors import LedgerUnavailable
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.stores.opening import open_beside, open_reading

_SETTINGS = (
    "synchronous_commit",
    "default_transaction_isolation",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "search_path",
)


@pytest.fixture
def url(database: PrivatePostgres) -> Iterator[str]:
    empty_database(database.url)
    migrate_ledger(database.url)
    yield database.url
    with create_engine(database.url, poolclass=NullPool).begin() as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS elsewhere CASCADE"))
        for name in _SETTINGS:
            connection.execute(text(f"ALTER ROLE CURRENT_USER RESET {name}"))


def default(url: str, name: str, value: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text(f"ALTER ROLE CURRENT_USER SET {name} = {value}"))


def in_force(url: str, name: str) -> str:
    """What a worker's transaction works under."""
    with open_beside(url).engine.connect() as connection:
        return str(connection.execute(text(f"SHOW {name}")).scalar())


@pytest.mark.parametrize(
    ("value", "then"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply"), ("on", "on")]
)
def test_what_is_acknowledged_is_on_disk(url: str, value: str, then: str) -> None:
    default(url, "synchronous_commit", value)

    assert in_force(url, "synchronous_commit") == then


@pytest.mark.parametrize(
    ("name", "value", "then"),
    [
        ("statement_timeout", "'3s'", "10s"),
        ("lock_timeout", "'3s'", "5s"),
        ("idle_in_transaction_session_timeout", "'3s'", "30s"),
    ],
)
def test_the_limits_of_time_are_the_workers_own(url: str, name: str, value: str, then: str) -> None:
    default(url, name, value)

    assert in_force(url, name) == then


def test_a_tool_that_counts_for_minutes_has_the_time(url: str) -> None:
    default(url, "statement_timeout", "'3s'")
    with open_reading(url).engine.connect() as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar() == "10min"
        assert connection.execute(text("SHOW transaction_read_only")).scalar() == "on"


@pytest.mark.parametrize("value", ["'serializable'", "'repeatable read'"])
def test_each_transaction_reads_what_is_committed(url: str, value: str) -> None:
    default(url, "default_transaction_isolation", value)

    assert in_force(url, "transaction_isolation") == "read committed"


def session_of(ledger: BlockingLedger) -> int:
    connection = ledger._commits._writer_connection._connection
    assert connection is not None
    return int(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]  # psycopg's own


def test_a_search_path_that_leads_elsewhere_is_a_pause_until_it_leads_back(url: str) -> None:
    with opened(url) as ledger:
        token = token_of(ledger.claim(asking()))
        default(url, "search_path", "elsewhere")
        with create_engine(url, poolclass=NullPool).begin() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": session_of(ledger)})
        with pytest.raises(LedgerUnavailable, match="does not exist"):
            ledger.record(token, success())
        assert ledger._commits.away

        default(url, "search_path", "public")
        ledger.record(token, success())
        assert ledger.claim(asking()) == Done(success().event)


def test_a_right_that_was_taken_away_is_a_pause_until_it_is_given_back(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    revoke, grant, user = (f"{word} worker_of_tests" for word in ("FROM", "TO", ""))
    with engine.begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS worker_of_tests"))
        connection.execute(text(f"CREATE ROLE{user} LOGIN PASSWORD 'worker'"))
        connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public {grant}"))
    named = make_url(url).set(username="worker_of_tests", password="worker").render_as_string(hide_password=False)
    try:
        with opened(named) as ledger:
            token = token_of(ledger.claim(asking()))
            with engine.begin() as connection:
                connection.execute(text(f"REVOKE UPDATE ON commands {revoke}"))
            with pytest.raises(LedgerUnavailable, match="permission denied"):
                ledger.record(token, success())
            with engine.begin() as connection:
                connection.execute(text(f"GRANT UPDATE ON commands {grant}"))
            ledger.record(token, success())
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP OWNED BY worker_of_tests"))
            connection.execute(text("DROP ROLE worker_of_tests"))

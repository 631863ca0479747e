"""Fills a ledger with finished commands by the database's own means, as many as years of work would leave behind.

Ids come in no order, as real ones do. Each customer has some twenty commands, the first of them its CreateCustomer;
one customer has every fiftieth command of all, so that a lookup by customer has something to wade through.
"""

from sqlalchemy import Connection, Engine, text

HOT_CUSTOMER = "hot@example.com"
_EVENT = "x" * 500
_COLUMNS = (
    "source, id, type, subject, username, fingerprint, lanes, state, owner, token, begun, tries, event_id, event_type,"
    " event_body, first_seen_at, finished_at"
)
#: What a row is made of; `n` is its number, `{id}` and `{body}` differ between the products.
_ROW = (
    "'billing', {id}, CASE WHEN n % 20 = 1 THEN 'CreateCustomer' ELSE 'UpdateProfile' END, 'cus_' || (n / 20),"
    " CASE WHEN n % 50 = 0 THEN 'hot@example.com' ELSE 'user' || (n / 20) || '@example.com' END, {body}, '[]', 'done',"
    " 'filler', 'filler:' || n, {true}, 1, 'event-' || n, 'ProfileUpdated', {event}, 1700000000 + n, 1700000001 + n"
)
_SQLITE_ROWS = "WITH RECURSIVE numbers(n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)"
_SQLITE = _ROW.format(
    id="printf('evt_%08x', (n * 2654435761) % 4294967296)",
    body="zeroblob(32)",
    true="1",
    event=f"CAST('{_EVENT}' AS BLOB)",
)
_POSTGRES = _ROW.format(
    id="'evt_' || lpad(to_hex((n * 2654435761) % 4294967296), 8, '0')",
    body="decode(repeat('00', 32), 'hex')",
    true="true",
    event=f"convert_to('{_EVENT}', 'UTF8')",
)
_POSTGRES_ROWS = "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS numbers(n)"
_INTO_SQLITE = text(f"INSERT INTO commands ({_COLUMNS}) {_SQLITE_ROWS} SELECT {_SQLITE} FROM numbers")  # noqa: S608 - our own words
_INTO_POSTGRES = text(f"INSERT INTO commands ({_COLUMNS}) SELECT {_POSTGRES} FROM {_POSTGRES_ROWS}")  # noqa: S608 - our own words


def fill(engine: Engine, first: int, last: int) -> None:
    """Put the commands with these numbers in, the last included; `first` is 1 in an empty ledger."""
    if first > last:
        return
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        (_fill_sqlite if is_sqlite else _fill_postgres)(connection, {"first": first, "last": last})


def nth_id(number: int) -> str:
    """Name the command of that number."""
    return f"evt_{number * 2654435761 % 4294967296:08x}"


def _fill_sqlite(connection: Connection, numbers: dict[str, int]) -> None:
    connection.exec_driver_sql("PRAGMA synchronous = OFF")
    connection.exec_driver_sql("PRAGMA cache_size = -1000000")
    connection.commit()
    connection.execute(_INTO_SQLITE, numbers)
    connection.commit()
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_postgres(connection: Connection, numbers: dict[str, int]) -> None:
    connection.execute(text("SET statement_timeout = 0"))
    connection.execute(_INTO_POSTGRES, numbers)
    connection.commit()

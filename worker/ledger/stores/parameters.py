"""What may stand in a ledger's URL: a parameter is used as it is, or refused by its name, never dropped in silence."""

import re
from collections.abc import Iterator

from sqlalchemy import URL

_UTF8 = frozenset({"utf8", "utf-8", "unicode"})
#: How the driver's calls behave, not where they go: the worker relies on its own choice.
_OURS = frozenset(
    {"autocommit", "prepare_threshold", "context", "row_factory", "cursor_factory", "conninfo", "replication"}
)
#: What each of the worker's transactions asks for itself, so that a value of the session's would be without effect.
_PER_TRANSACTION = frozenset(
    {
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "synchronous_commit",
        "default_transaction_isolation",
        "client_encoding",
    }
)
_OPTION = re.compile(r"(?:-c\s*|--)([\w.-]+?)\s*=")
#: Servers that a worker cannot write to.
_NEVER_WRITABLE = frozenset({"read-only", "standby", "prefer-standby"})
_DRIVERS = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite+pysqlite"}


def unused_in(url: URL) -> list[str]:
    """What in the URL would not be used, in words; names are shown, values may be secrets."""
    product = url.get_backend_name()
    if url.drivername not in {product, _DRIVERS[product]}:
        return [f"its driver is another than the worker's; write {_DRIVERS[product]}://"]
    return list(_of_sqlite(url) if product == "sqlite" else _of_postgres(url))


def hosts_in(url: URL) -> list[str]:
    """Every host that the URL names, in its order."""
    named = url.query.get("host", url.host or "")
    return [host for each in ([named] if isinstance(named, str) else named) for host in each.split(",") if host]


def _of_sqlite(url: URL) -> Iterator[str]:
    for name in sorted(url.query):
        yield f"a SQLite ledger takes no parameters, and {name} is one; take it out"


def _of_postgres(url: URL) -> Iterator[str]:
    before = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "password": url.password,
        "dbname": url.database,
    }
    for name, value in url.query.items():
        if name in _OURS:
            yield f"{name} is the worker's own to choose; take it out"
        elif before.get(name):
            yield f"{name} is given twice, before the question mark and behind it"
        elif not isinstance(value, str):
            if name not in {"host", "port"}:
                yield f"{name} is given more than once"
        else:
            yield from _of_value(name, value)


def _of_value(name: str, value: str) -> Iterator[str]:
    if name == "client_encoding" and value.lower() not in _UTF8:
        yield "client_encoding must be utf8, because usernames may hold any character; take it out"
    if name == "target_session_attrs" and value in _NEVER_WRITABLE:
        yield f"target_session_attrs={value} leads to servers that cannot be written to; use read-write or primary"
    if name == "options":
        for option in sorted({each.replace("-", "_").lower() for each in _OPTION.findall(value)} & _PER_TRANSACTION):
            yield f"{option} in options is without effect, because each transaction sets it itself; take it out"

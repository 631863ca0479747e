"""Reads a ledger's URL, and words it for people: in logs, on the status page, in what the tools print.

Apart from what opens a database, so that whoever only checks the settings imports none of that.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from worker.domain.texts.host_names import is_host
from worker.errors import LedgerRefused

#: All else in a URL's query stays unsaid: the driver takes passwords there too, by names that may grow.
_HARMLESS = frozenset({"host", "port", "sslmode"})
_OTHERS = frozenset({"cockroachdb", "mariadb", "mssql", "mysql", "oracle"})
_ESCAPES = "in a user or password write / : @ # ? [ ] % as %2F %3A %40 %23 %3F %5B %5D %25"
_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SEVERAL_SERVERS = (
    "several servers are named behind the ?, as in "
    "postgresql+psycopg://user:password@/database?host=one:5432&host=two:5432"
)
_HIGHEST_PORT = 65_535
_VALUES = re.compile(r"=[^&]*")
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


def shown(url: URL) -> str:
    """Word a server's URL without its secrets, wherever in it they stand."""
    query = {name: value for name, value in url.query.items() if name in _HARMLESS}
    return url.set(query=query).render_as_string()


def name_of(url: str) -> str:
    """Return a database URL's name for people, without its secrets. Raises LedgerRefused when it names no database."""
    parsed = parse(url)
    return str(sqlite_path(parsed)) if is_sqlite(parsed) else shown(parsed)


def is_sqlite(url: URL) -> bool:
    """Distinguish the one product from the other."""
    return url.get_backend_name() == "sqlite"


def parse(url: str) -> URL:
    """Read a ledger's URL. Raises LedgerRefused, without repeating the URL, which may hold a password.

    It also names what in the URL would not be used.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not "from" the cause: it may repeat the URL, and with it the password.
        raise LedgerRefused(f"PROVISIONING_LEDGER__URL cannot be read as a database URL. {_SEVERAL_SERVERS}.") from None
    fault = _url_fault(url, parsed)
    if fault:
        raise LedgerRefused(f"PROVISIONING_LEDGER__URL {fault}")
    kind = parsed.get_backend_name()
    if kind not in {"sqlite", "postgresql"}:
        # A word that nobody knows may be a part of a password.
        named = kind if kind in _OTHERS else "a database of that kind"
        raise LedgerRefused(
            f"A ledger cannot lie in {named} (PROVISIONING_LEDGER__URL): use sqlite:////path/to/ledger.db or "
            "postgresql+psycopg://user:password@host/database."
        )
    return parsed


def sqlite_path(url: URL) -> Path:
    """Return where the file is. Raises LedgerRefused for a database in memory, which would forget every command."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise LedgerRefused(
            "A SQLite ledger needs a plain file: set PROVISIONING_LEDGER__URL to one, like "
            "sqlite:////var/lib/provisioning-worker/ledger.db."
        )
    return Path(url.database).absolute()


def _unused_in(url: URL) -> list[str]:
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


def _url_fault(url: str, parsed: URL) -> str | None:
    """Say what keeps this URL from naming a ledger; None when nothing does."""
    if not url.isprintable() or url != url.strip():
        return "holds a line break or another character that cannot be seen, or ends in a space."
    match parsed.get_backend_name():
        case "sqlite":
            return _file_fault(parsed) or _unused_fault(parsed)
        case "postgresql":
            return (
                _login_fault(url, parsed) or _server_fault(parsed) or _unused_fault(parsed) or _parameter_fault(parsed)
            )
        case _:
            return None


def _file_fault(url: URL) -> str | None:
    if url.host or url.username or url.port:
        return "names no plain file: write sqlite:// and then its whole path, as in sqlite:////var/lib/ledger.db."
    return None


def _login_fault(url: str, parsed: URL) -> str | None:
    # The library ends a password at its first @, and takes the rest of it for the host, which is shown. The values
    # behind the question mark may hold any number of them.
    before, _, behind = url.partition("?")
    count = before.count("@") + _VALUES.sub("", behind).count("@")
    if (parsed.username is not None or parsed.password is not None) and count > 1:
        return f"has more than one @; {_ESCAPES}."
    return None


def _server_fault(url: URL) -> str | None:
    hosts = [host for host in (url.host or "").split(",") if host]
    if not all(map(is_host, hosts)) or (url.port is not None and not 0 < url.port <= _HIGHEST_PORT):
        return f"has a host or a port that can be nobody's; {_ESCAPES}."
    return None


def _unused_fault(url: URL) -> str | None:
    unused = _unused_in(url)
    return f"would not be used as it stands: {'; '.join(unused)}." if unused else None


def _parameter_fault(url: URL) -> str | None:
    known = _known()
    if known and not known.issuperset(url.query):
        return f"has a parameter behind its ? that the driver does not know; {_ESCAPES}."
    if url.query.get("sslmode", "disable") not in _MODES:
        return f"has another sslmode than {', '.join(sorted(_MODES))}."
    return None


def _known() -> frozenset[str]:
    """The driver's parameters; none when it is not installed, which is reported where it is needed."""
    try:
        driver: Any = URL.create("postgresql+psycopg").get_dialect().import_dbapi()
    except (ImportError, NoSuchModuleError):
        return frozenset()
    return frozenset(each.keyword.decode() for each in driver.pq.Conninfo.get_defaults())

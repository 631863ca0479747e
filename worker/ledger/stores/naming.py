"""Reads a ledger's URL, and words it for people: in logs, on the status page, in what the tools print.

Apart from what opens a database, so that whoever only checks the settings imports none of that.
"""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from worker.errors import LedgerRefused
from worker.ledger.stores.address import SEVERAL_SERVERS, url_fault

#: All else in a URL's query stays unsaid: the driver takes passwords there too, by names that may grow.
_HARMLESS = frozenset({"host", "port", "sslmode"})
_OTHERS = frozenset({"cockroachdb", "mariadb", "mssql", "mysql", "oracle"})


def shown(url: URL) -> str:
    """Word a server's URL without its secrets, wherever in it they stand."""
    query = {name: value for name, value in url.query.items() if name in _HARMLESS}
    return url.set(query=query).render_as_string()


def name_of(url: str) -> str:
    """Name for people the database that a URL means, without its secrets. Raises LedgerRefused when it means none."""
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
        raise LedgerRefused(f"PROVISIONING_LEDGER__URL cannot be read as a database URL. {SEVERAL_SERVERS}.") from None
    fault = url_fault(url, parsed)
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

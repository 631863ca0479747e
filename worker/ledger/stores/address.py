"""What is wrong with a ledger's URL that can be read as one; quotes no value, since it may be part of a password."""

import re
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import NoSuchModuleError

from worker.domain.texts.host_names import is_host
from worker.ledger.stores.parameters import unused_in

_ESCAPES = "in a user or password write / : @ # ? [ ] % as %2F %3A %40 %23 %3F %5B %5D %25"
_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
SEVERAL_SERVERS = (
    "several servers are named behind the ?, as in "
    "postgresql+psycopg://user:password@/database?host=one:5432&host=two:5432"
)
_HIGHEST_PORT = 65_535
_VALUES = re.compile(r"=[^&]*")


def url_fault(url: str, parsed: URL) -> str | None:
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
    unused = unused_in(url)
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

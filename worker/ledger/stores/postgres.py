"""PostgreSQL: several workers, one of them active at a time."""

from sqlalchemy import URL, create_engine
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from worker.errors import LedgerRefused
from worker.ledger.stores.store import Store

#: Classes and codes of SQLSTATE that pass: lost connections (08), serialisation and deadlock (40), resources (53),
#: an administrator's restart (57P), and a lock that was not given in time (55P03).
_PASSING_STATES = ("08", "40", "53", "57P", "55P03")
#: A server that stopped answering must not hold the writer for ever: seconds until a connect is given up, and until
#: unanswered bytes end the connection.
_CONNECT_SECONDS = 3
_SILENCE_MILLISECONDS = 10_000
_OPTIONS = "-c lock_timeout=5s -c statement_timeout=10s -c idle_in_transaction_session_timeout=30s -c timezone=UTC"


def open_postgres(url: URL) -> Store:
    """Describe the server's database; nothing is connected yet.

    Raises LedgerRefused when the driver is not installed.
    """
    connect_args = {
        "connect_timeout": _CONNECT_SECONDS,
        "tcp_user_timeout": _SILENCE_MILLISECONDS,
        "keepalives_idle": _CONNECT_SECONDS,
        "application_name": "provisioning-worker",
        "options": _OPTIONS,
    }
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args=connect_args,
        )
    except (ImportError, NoSuchModuleError) as exc:
        raise LedgerRefused("A PostgreSQL ledger needs its driver: install provisioning-worker[postgres].") from exc
    return Store(engine, url.render_as_string(), sole=False, passes=_passes, release=engine.dispose)


def _passes(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    # A connection that broke in the middle carries no state at all.
    return error.connection_invalidated or state is None or str(state).startswith(_PASSING_STATES)

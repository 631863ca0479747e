"""What is slow to start, kept for all experiments of a session: a broker that may be broken, and a database."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from sqlalchemy import NullPool, create_engine, make_url, text

from sandbox.servers.finding import OwnBroker
from sandbox.servers.postgres import PrivatePostgres
from tests.support.servers import session_broker, session_database
from worker.ledger.migrations.migrate import migrate


@dataclass(slots=True)
class FaultServers:
    """One broker, and one database that is started when an experiment first asks for it."""

    broker: OwnBroker
    _start_database: Callable[[], PrivatePostgres]
    _database: PrivatePostgres | None = None

    @property
    def database(self) -> PrivatePostgres:
        """The database server; experiments may break it and must bring it back."""
        if self._database is None:
            self._database = self._start_database()
        return self._database

    def new_ledger(self) -> dict[str, str]:
        """Make an empty ledger of its own in the database; return the settings that name it."""
        server, name = self.database.url, f"experiment_{uuid.uuid4().hex[:12]}"
        with create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        url = make_url(server).set(database=name).render_as_string(hide_password=False)
        migrate(create_engine(url, poolclass=NullPool))
        return {"LEDGER__URL": url, "SECRETS__KEYS": Fernet.generate_key().decode()}

    def mend(self) -> None:
        """See that the servers run, whatever an experiment that failed has left behind."""
        self.broker.start()
        if self._database is not None:
            self._database.start()


@contextmanager
def open_servers() -> Iterator[FaultServers]:
    """Start the broker; end everything afterwards."""
    with ExitStack() as servers:
        start_database = partial(servers.enter_context, session_database())
        yield FaultServers(servers.enter_context(session_broker()), start_database)


@contextmanager
def broker_user(broker: OwnBroker, url: str) -> Iterator[str]:
    """Yield the broker's URL for a user of the experiment's own, who may do everything at first."""
    name = f"worker-{uuid.uuid4().hex[:8]}"
    broker.ctl("add_user", name, "first")
    grant(broker, name)
    try:
        yield url.replace("guest:guest@", f"{name}:first@")
    finally:
        broker.ctl("delete_user", name)


def grant(broker: OwnBroker, user: str, pattern: str = ".*") -> None:
    """Let the user configure, write and read what the pattern matches."""
    broker.ctl("set_permissions", "-p", "/", user, pattern, pattern, pattern)


def user_in(url: str) -> str:
    """Return whom a broker's URL logs in."""
    return str(urlsplit(url).username)

"""Which server to use: the ways to get one, tried in order, and the one line said when none works."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeVar

from sandbox.servers.apt import Packages, unpacked
from sandbox.servers.containers import ContainerRabbitmq, ready_engine
from sandbox.servers.errors import ServerUnavailable, SourceUnusable
from sandbox.servers.postgres import PrivatePostgres, installed_postgres, unpacked_postgres
from sandbox.servers.rabbitmq import PrivateRabbitmq, installed_binaries, unpacked_binaries

RABBITMQ_PACKAGES = Packages(root="rabbitmq-server", follow=r"erlang-.*|lib.*")
# libLLVM is 120 MB and serves only the just-in-time compiler, which is turned off.
POSTGRES_PACKAGES = Packages(root="postgresql", follow=r"postgresql-(client-)?\d+|lib(?!llvm|z3|.*-perl$).*")
BROKER_ADVICE = (
    "No RabbitMQ to use here: {reasons}. Type `sudo apt-get install rabbitmq-server`, or name a running one: "
    "`export PROVISIONING_AMQP__URL=amqp://user:password@host:5672/`"
)
DATABASE_ADVICE = "No PostgreSQL to use here: {reasons}. Type `sudo apt-get install postgresql`"


class Server(Protocol):
    """A server somebody can use, whoever started it."""

    @property
    def url(self) -> str:
        """Where it is reached."""
        ...

    def start(self) -> None:
        """Make it ready; returns when it answers."""
        ...

    def stop(self) -> None:
        """End what `start` started, and leave nothing behind; harmless when repeated."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class OwnServer(Server, Protocol):
    """A server of one's own, which may be ended and brought back."""

    def restart(self) -> None:
        """Stop it in order and start it again, on the same port and data."""
        ...

    def kill(self) -> None:
        """End it by SIGKILL; `start` brings it back."""
        ...

    def release(self) -> int:
        """Let it outlive this process; SIGTERM to the returned process ends it."""
        ...


class OwnBroker(OwnServer, Protocol):
    """A RabbitMQ of one's own."""

    def ctl(self, *arguments: str, seconds: float = 60.0) -> str:
        """Run `rabbitmqctl` and return what it printed."""
        ...


_Own = TypeVar("_Own", bound=OwnServer)


class GivenServer:
    """A server that somebody else runs: used as it is, never started and never stopped."""

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        """Do nothing: it is somebody else's."""

    def stop(self) -> None:
        """Do nothing: it is somebody else's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: it is somebody else's."""


def project_local() -> Path:
    """Return the folder that downloaded servers are kept in: `.local` of the project, or of the current folder."""
    project = Path(__file__).resolve().parents[2]
    return (project if (project / "pyproject.toml").exists() else Path.cwd()) / ".local"


def silent(_: str) -> None:
    """Report nothing of what takes time."""


def find_broker(url: str | None = None, *, local: Path | None = None, report: Callable[[str], None] = silent) -> Server:
    """Return the broker that `url` names, else a private one (see `own_broker`); it is not started yet."""
    return GivenServer(url) if url else own_broker(local=local, report=report)


def own_broker(*, local: Path | None = None, report: Callable[[str], None] = silent) -> OwnBroker:
    """Return a private RabbitMQ: installed here, else downloaded with apt, else in a container; not started yet.

    Raises ServerUnavailable when none of these works here.
    """
    return first_usable(broker_sources(local or project_local(), report), BROKER_ADVICE)


def own_database(*, local: Path | None = None, report: Callable[[str], None] = silent) -> PrivatePostgres:
    """Return a private PostgreSQL: installed here, else downloaded with apt; not started yet.

    Raises ServerUnavailable when neither works here.
    """
    return first_usable(database_sources(local or project_local(), report), DATABASE_ADVICE)


def broker_sources(local: Path, report: Callable[[str], None]) -> Sequence[Callable[[], OwnBroker]]:
    """Return the ways to a private broker, the preferred first."""
    return (
        lambda: PrivateRabbitmq(installed_binaries()),
        lambda: PrivateRabbitmq(unpacked_binaries(unpacked(RABBITMQ_PACKAGES, local, report))),
        lambda: ContainerRabbitmq(ready_engine(report)),
    )


def database_sources(local: Path, report: Callable[[str], None]) -> Sequence[Callable[[], PrivatePostgres]]:
    """Return the ways to a private database, the preferred first."""
    return (
        lambda: PrivatePostgres(installed_postgres()),
        lambda: PrivatePostgres(unpacked_postgres(unpacked(POSTGRES_PACKAGES, local, report))),
    )


def first_usable(sources: Sequence[Callable[[], _Own]], advice: str) -> _Own:
    """Return what the first usable source gives; `advice` is the text otherwise, with `{reasons}` in it."""
    reasons = []
    for source in sources:
        try:
            return source()
        except SourceUnusable as exc:
            reasons.append(str(exc))
    raise ServerUnavailable(advice.format(reasons=", ".join(reasons)))

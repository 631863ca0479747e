"""A private RabbitMQ node: its own ports, folder, cookie and epmd, from binaries that may lie anywhere."""

import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.servers.errors import ServerFailed, SourceUnusable
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.ports import LOOPBACK, ReservedPorts, speaks_amqp
from sandbox.servers.lifetime.private import PrivateServer
from sandbox.servers.rabbitmq_home import Erlang, NodePorts, NodeTls, write_home

_STOP_SECONDS = 20.0
_INSTALLED = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
# Dead letters are handed on at least once only from this version on; the worker's queues rest on it.
_OLDEST = (3, 10)


@dataclass(frozen=True, slots=True)
class RabbitmqBinaries:
    """Where a RabbitMQ lies: `home` holds sbin/, escript/ and plugins/; the Erlang to run it with."""

    home: Path
    erlang: Erlang


def installed_binaries() -> RabbitmqBinaries:
    """Find the RabbitMQ that the machine's packages installed. Raises SourceUnusable when there is none."""
    epmd = shutil.which("epmd")
    if not _INSTALLED.exists() or epmd is None:
        raise SourceUnusable("rabbitmq-server is not installed")
    return _of_known_version(RabbitmqBinaries(_INSTALLED.resolve().parents[1], Erlang(epmd=Path(epmd))))


def unpacked_binaries(tree: Path) -> RabbitmqBinaries:
    """Find the RabbitMQ and the Erlang in unpacked packages. Raises SourceUnusable when they are not whole."""
    server = tree / "usr/lib/rabbitmq/bin/rabbitmq-server"
    root = tree / "usr/lib/erlang"
    epmd = next(root.glob("erts-*/bin/epmd"), None)
    if not server.exists() or epmd is None:
        raise SourceUnusable(f"{tree} holds no whole RabbitMQ; remove that folder")
    libraries = tuple(
        path.resolve() for path in sorted([*tree.glob("usr/lib/*-linux-gnu*"), *tree.glob("lib/*-linux-gnu*")])
    )
    erlang = Erlang(epmd=epmd.resolve(), root=root.resolve(), libraries=libraries)
    return _of_known_version(RabbitmqBinaries(server.resolve().parents[1], erlang))


def _of_known_version(binaries: RabbitmqBinaries) -> RabbitmqBinaries:
    version = re.search(r"rabbitmq_server-(\d+)\.(\d+)", binaries.home.name)
    if version is not None and (int(version[1]), int(version[2])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise SourceUnusable(f"RabbitMQ {version[1]}.{version[2]} is older than {oldest}")
    return binaries


@dataclass(frozen=True, slots=True)
class _Node:
    """What its first start decided about a node."""

    ports: NodePorts
    environment: Mapping[str, str]


class PrivateRabbitmq(PrivateServer):
    """A RabbitMQ node of one's own; `management` turns on the HTTP API, `tls` a second listener for `amqps`.

    When `start` returns it answers AMQP; a quorum queue gets its leader some tenths of a second later. A queue that is
    younger than two seconds may not survive `kill`: RabbitMQ 3.10 writes the names of its quorum queues to disk late.
    """

    def __init__(self, binaries: RabbitmqBinaries, *, management: bool = False, tls: NodeTls | None = None) -> None:
        super().__init__("rabbitmq")
        self._binaries = binaries
        self._management = management
        self._tls = tls
        self._node: _Node | None = None

    @property
    def url(self) -> str:
        """Where clients connect. Raises ServerFailed before the first start."""
        return f"amqp://guest:guest@{LOOPBACK}:{self._known_node().ports.amqp}/"

    @property
    def tls_port(self) -> int:
        """Where clients connect with TLS. Raises ServerFailed when it was not asked for."""
        port = self._known_node().ports.tls
        if port is None:
            raise ServerFailed("This private rabbitmq has no TLS listener.")
        return port

    @property
    def management_url(self) -> str | None:
        """The HTTP API, when it was asked for."""
        port = self._known_node().ports.management
        return None if port is None else f"http://{LOOPBACK}:{port}"

    def ctl(self, *arguments: str, seconds: float = 60.0) -> str:
        """Run `rabbitmqctl` on the node and return what it printed. Raises ServerFailed when it fails."""
        try:
            done = subprocess.run(  # noqa: S603 - the node's own tool
                [f"{self.folder}/rabbitmq/sbin/rabbitmqctl", "--quiet", *arguments],
                env=self._known_node().environment,
                cwd=self.folder,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=True,
            )
        except subprocess.TimeoutExpired as exc:
            raise ServerFailed(f"rabbitmqctl {arguments[0]} took longer than {seconds:.0f} s.") from exc
        except subprocess.CalledProcessError as exc:
            raise ServerFailed(f"rabbitmqctl {arguments[0]} failed: {exc.stderr or exc.stdout}") from exc
        return done.stdout

    def _describe(self, folder: Path, ports: ReservedPorts) -> Service:
        node_ports = NodePorts(
            amqp=ports.take(),
            dist=ports.take(),
            epmd=ports.take(),
            management=ports.take() if self._management else None,
            tls=ports.take() if self._tls else None,
        )
        home = write_home(folder, self._binaries.home, self._binaries.erlang, node_ports, self._tls)
        self._node = _Node(node_ports, home.environment)
        return Service(
            argv=["/bin/sh", str(home.boot_script)],
            env=dict(home.environment),
            companion=[str(self._binaries.erlang.epmd)],
            folder=str(folder),
            log=str(home.log),
            farewell=[],
            uid=None,
            gid=None,
            stop_signal=signal.SIGTERM,
            # Nothing of a node that is thrown away has to be saved.
            quit_signal=signal.SIGKILL,
            grace_seconds=_STOP_SECONDS,
        )

    def _answers(self) -> bool:
        return speaks_amqp(self._known_node().ports.amqp)

    def _known_node(self) -> _Node:
        if self._node is None:
            raise ServerFailed("This private rabbitmq was not started.")
        return self._node

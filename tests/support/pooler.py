"""A private PgBouncer in transaction mode, from the distribution's package: each transaction gets another session."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from sandbox.servers.apt import Packages, unpacked
from sandbox.servers.finding import project_local
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.ports import LOOPBACK, ReservedPorts, speaks_postgres
from sandbox.servers.lifetime.private import PrivateServer

_PACKAGES = Packages(root="pgbouncer", follow=r"lib.*")
# The user that it becomes when it was started as root, which it refuses to stay.
_SETTINGS = """\
[databases]
{database} = host={host} port={port} dbname={database}
[pgbouncer]
listen_addr = {host}
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
{become}
"""
_GRACE_SECONDS = 20.0


class PrivatePooler(PrivateServer):
    """A pooler before one database."""

    def __init__(self, tree: Path | None, url: str) -> None:
        super().__init__("pgbouncer")
        self._tree = tree
        self._behind = make_url(url)
        self._port = 0

    @property
    def url(self) -> str:
        """The database's URL by way of the pooler."""
        return self._behind.set(port=self._port).render_as_string(hide_password=False)

    def _describe(self, folder: Path, ports: ReservedPorts) -> Service:
        self._port = ports.take()
        (folder / "users").write_text(f'"{self._behind.username}" "{self._behind.password}"\n')
        (folder / "settings").write_text(
            _SETTINGS.format(
                database=self._behind.database,
                host=LOOPBACK,
                port=self._behind.port,
                own_port=self._port,
                folder=folder,
                become="user = nobody" if os.geteuid() == 0 else "",
            )
        )
        if os.geteuid() == 0:
            for path in (folder, folder / "users", folder / "settings"):
                shutil.chown(path, "nobody")
        program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") if self._tree is None else None
        libraries = [] if self._tree is None else [*self._tree.glob("usr/lib/*-linux-gnu*")]
        return Service(
            argv=[program or f"{self._tree}/usr/sbin/pgbouncer", str(folder / "settings")],
            env={"PATH": os.defpath, "HOME": str(folder), "LD_LIBRARY_PATH": ":".join(map(str, libraries))},
            companion=[],
            folder=str(folder),
            log=str(folder / "output.log"),
            farewell=[],
            uid=None,
            gid=None,
            stop_signal=signal.SIGINT,
            quit_signal=signal.SIGKILL,
            grace_seconds=_GRACE_SECONDS,
        )

    def _answers(self) -> bool:
        return speaks_postgres(self._port, str(self._behind.username), str(self._behind.database))


@contextmanager
def pooler_before(url: str) -> Iterator[PrivatePooler]:
    """Run a pooler before a database: installed here, else downloaded as the databases are."""
    installed = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin") is not None
    tree = None if installed else unpacked(_PACKAGES, project_local(), print)
    with PrivatePooler(tree, url) as pooler:
        yield pooler

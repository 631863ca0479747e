"""A private PostgreSQL server: its own port, folder and password, from binaries that may lie anywhere."""

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.servers.errors import ServerFailed, SourceUnusable
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.ports import LOOPBACK, ReservedPorts, speaks_postgres
from sandbox.servers.lifetime.private import PrivateServer

_STOP_SECONDS = 20.0
_USER = "ledger"
_DATABASE = "postgres"
_CLUSTERS = Path("/usr/lib/postgresql")
# Written data is in the kernel's hands, so it survives the death of the server, which is all that is tested; only the
# machine's own death would lose it. Shared memory is kept in the folder: what lies in /dev/shm would outlive a SIGKILL.
_BOOT = """\
set -e
[ -f "$PGDATA/PG_VERSION" ] || "$PGBIN/initdb" --username={user} --pwfile="$PGFOLDER/password" --auth=scram-sha-256 \\
    --encoding=UTF8 --locale=C --no-sync
exec "$PGBIN/postgres" -c listen_addresses={host} -c port={port} -c unix_socket_directories="$PGFOLDER" \\
    -c fsync=off -c full_page_writes=off -c dynamic_shared_memory_type=mmap -c jit=off -c timezone=UTC
"""
# The one piece of System V shared memory stays in the kernel after a SIGKILL; its number is in the seventh line.
_FAREWELL = 'set -- $(sed -n 7p "$0/postmaster.pid" 2>/dev/null); [ -z "$2" ] || ipcrm -m "$2"'


@dataclass(frozen=True, slots=True)
class PostgresBinaries:
    """Where a PostgreSQL lies: `programs` holds initdb and postgres, `tree` the unpacked packages they came in."""

    programs: Path
    libraries: tuple[Path, ...] = ()
    tree: Path | None = None


@dataclass(frozen=True, slots=True)
class RunUser:
    """The user a server runs as instead of root."""

    uid: int
    gid: int


def installed_postgres() -> PostgresBinaries:
    """Find the newest PostgreSQL server of this machine. Raises SourceUnusable when there is none."""
    folders = sorted(_CLUSTERS.glob("*/bin"), key=_major_version, reverse=True)
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        completed = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
        folders += [Path(completed.stdout.strip())] if completed.returncode == 0 else []
    for folder in folders:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return PostgresBinaries(folder)
    raise SourceUnusable("postgresql is not installed")


def unpacked_postgres(tree: Path) -> PostgresBinaries:
    """Find the PostgreSQL server in unpacked packages. Raises SourceUnusable when it is not whole."""
    programs = next(tree.glob("usr/lib/postgresql/*/bin/initdb"), None)
    if programs is None:
        raise SourceUnusable(f"{tree} holds no whole PostgreSQL; remove that folder")
    libraries = tuple(sorted([*tree.glob("usr/lib/*-linux-gnu*"), *tree.glob("lib/*-linux-gnu*")]))
    return PostgresBinaries(programs.parent, libraries, tree)


def _major_version(programs: Path) -> int:
    return int(re.sub(r"\D.*", "", programs.parent.name) or 0)


class PrivatePostgres(PrivateServer):
    """A PostgreSQL server of one's own. It refuses to be root, so for root it runs as the user nobody."""

    def __init__(self, binaries: PostgresBinaries) -> None:
        super().__init__("postgres")
        self._binaries = binaries
        self._port: int | None = None
        self._password = secrets.token_urlsafe(16)

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the database. Raises ServerFailed before the first start."""
        if self._port is None:
            raise ServerFailed("This private postgres was not started.")
        return f"postgresql+psycopg://{_USER}:{self._password}@{LOOPBACK}:{self._port}/{_DATABASE}"

    def _describe(self, folder: Path, ports: ReservedPorts) -> Service:
        self._port = ports.take()
        user = _unprivileged_user() if os.geteuid() == 0 else None
        binaries = _within_reach(self._binaries, user, folder)
        (folder / "password").write_text(self._password)
        (folder / "boot").write_text(_BOOT.format(user=_USER, host=LOOPBACK, port=self._port))
        if user is not None:
            _give_to(user, folder)
        return _service(folder, binaries, user)

    def _answers(self) -> bool:
        return self._port is not None and speaks_postgres(self._port, _USER, _DATABASE)


def _give_to(user: RunUser, folder: Path) -> None:
    for path in (folder, folder / "password", folder / "boot"):
        os.chown(path, user.uid, user.gid)


def _unprivileged_user() -> RunUser:
    nobody = pwd.getpwnam("nobody")
    return RunUser(nobody.pw_uid, nobody.pw_gid)


def _within_reach(binaries: PostgresBinaries, user: RunUser | None, folder: Path) -> PostgresBinaries:
    """Copy the programs into the run folder when the user cannot reach them: a clone below /root is closed."""
    if user is None or binaries.tree is None or _may_run(binaries.programs / "postgres", user):
        return binaries
    copy = folder / "software"
    shutil.copytree(binaries.tree, copy, symlinks=True)
    moved = [copy / path.relative_to(binaries.tree) for path in (binaries.programs, *binaries.libraries)]
    return replace(binaries, programs=moved[0], libraries=tuple(moved[1:]), tree=copy)


def _may_run(program: Path, user: RunUser) -> bool:
    asked = subprocess.run(  # noqa: S603 - a fixed program
        ["/usr/bin/test", "-x", str(program)],
        user=user.uid,
        group=user.gid,
        extra_groups=[],
        check=False,
        cwd="/",
    )
    return asked.returncode == 0


def _service(folder: Path, binaries: PostgresBinaries, user: RunUser | None) -> Service:
    data = folder / "data"
    return Service(
        argv=["/bin/sh", str(folder / "boot")],
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "LD_LIBRARY_PATH": ":".join(map(str, binaries.libraries)),
            "PGBIN": str(binaries.programs),
            "PGDATA": str(data),
            "PGFOLDER": str(folder),
        },
        companion=[],
        folder=str(folder),
        log=str(folder / "output.log"),
        farewell=["/bin/sh", "-c", _FAREWELL, str(data)],
        uid=None if user is None else user.uid,
        gid=None if user is None else user.gid,
        # "Fast" shutdown: does not wait for the clients to leave.
        stop_signal=signal.SIGINT,
        quit_signal=signal.SIGKILL,
        grace_seconds=_STOP_SECONDS,
    )

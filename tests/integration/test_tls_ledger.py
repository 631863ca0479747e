"""TLS to the ledger's database: what the page on security has people write into the URL does what it says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from sandbox.servers.postgres import PrivatePostgres
from tests.support.certificates import ELSEWHERE, Authority, Identity
from tests.support.servers import session_database
from tests.support.waiting import wait_for
from tests.support.worker_process import PROGRAM, environment

DONE, UNREACHABLE = 0, 69
_ENCRYPTED = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


@pytest.fixture(scope="module")
def database() -> Iterator[PrivatePostgres]:
    with session_database() as started:
        yield started


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


def show(database: PrivatePostgres, shown: Identity) -> None:
    """Let the server show this certificate from now on."""
    data = database.folder / "data"
    owner = data.stat()
    for source, name in ((shown.certificate, "tls.crt"), (shown.key, "tls.key")):
        target = shutil.copy(source, data / name)
        Path(target).chmod(0o600)
        os.chown(target, owner.st_uid, owner.st_gid)
    lines = ("ssl_cert_file = 'tls.crt'", "ssl_key_file = 'tls.key'", "ssl = on")
    engine = create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for line in lines:
            connection.execute(text(f"ALTER SYSTEM SET {line}"))
        connection.execute(text("SELECT pg_reload_conf()"))

    def encrypts() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(_ENCRYPTED).scalar())

    wait_for(encrypts, "a server that speaks TLS")


def migrate(database: PrivatePostgres, parameters: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, "ledger", "migrate"],
        env=environment({"LEDGER__URL": f"{database.url}?{parameters}"}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    password = database.url.partition("@")[0].rpartition(":")[2]
    assert password not in done.stdout + done.stderr
    return done


def test_a_server_without_tls_is_refused_where_tls_is_required(database: PrivatePostgres, tmp_path: Path) -> None:
    migrated = migrate(database, "sslmode=require", tmp_path)

    assert migrated.returncode == UNREACHABLE
    assert "does not support SSL" in migrated.stderr


def test_the_ledger_is_reached_with_the_authority_that_signed_it(
    database: PrivatePostgres, authority: Authority, tmp_path: Path
) -> None:
    show(database, authority.issue())

    migrated = migrate(database, f"sslmode=verify-full&sslrootcert={authority.path}", tmp_path)

    assert migrated.returncode == DONE, migrated.stderr


def test_a_server_of_another_authority_or_host_is_refused(
    database: PrivatePostgres, authority: Authority, tmp_path: Path
) -> None:
    show(database, authority.issue())
    stranger = Authority(tmp_path / "others").path
    migrated = migrate(database, f"sslmode=verify-full&sslrootcert={stranger}", tmp_path)
    assert (migrated.returncode, "certificate verify failed" in migrated.stderr) == (UNREACHABLE, True), migrated.stderr

    show(database, authority.issue(ELSEWHERE))
    # The server reads its files again a moment after it was asked to.
    parameters = f"sslmode=verify-full&sslrootcert={authority.path}"
    migrated = wait_for(lambda: _refused(migrate(database, parameters, tmp_path)), "the other certificate")
    assert (migrated.returncode, "elsewhere.example" in migrated.stderr) == (UNREACHABLE, True), migrated.stderr


def _refused(done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str] | None":
    return done if done.returncode != DONE else None

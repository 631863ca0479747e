"""The private PostgreSQL: it serves, survives its own death with its data, and leaves nothing behind."""

import os
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from sandbox.servers.apt import unpacked
from sandbox.servers.finding import POSTGRES_PACKAGES, project_local
from sandbox.servers.postgres import PrivatePostgres, unpacked_postgres
from tests.support.servers import processes_naming, processes_of, python_process
from tests.support.waiting import wait_for

_OWNER = """
import signal
from sandbox.servers.finding import own_database
database = own_database()
database.start()
print(database.folder, flush=True)
signal.pause()
"""


def ask(database: PrivatePostgres, question: str) -> object:
    engine = create_engine(database.url, poolclass=NullPool)
    with engine.begin() as connection:
        return connection.scalar(text(question))


def keep(database: PrivatePostgres, table: str, number: int) -> None:
    engine = create_engine(database.url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"create table {table} as select {number} as n"))


def test_a_private_database_answers(database: PrivatePostgres) -> None:
    assert ask(database, "select 40 + 2") == 42


def test_a_killed_database_comes_back_on_its_url_with_what_was_committed(database: PrivatePostgres) -> None:
    url = database.url
    keep(database, "kept", 7)
    database.kill()
    assert not processes_of(database)
    database.start()
    assert (database.url, ask(database, "select n from kept")) == (url, 7)


def test_a_database_restarted_in_order_keeps_its_rows(database: PrivatePostgres) -> None:
    keep(database, "stays", 8)
    database.restart()
    assert ask(database, "select n from stays") == 8


def test_it_never_runs_as_root(database: PrivatePostgres) -> None:
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes_of(database)}
    assert owners == {os.geteuid() or 65534}


def test_a_downloaded_database_leaves_nothing_even_after_a_kill() -> None:
    database = PrivatePostgres(unpacked_postgres(unpacked(POSTGRES_PACKAGES, project_local(), print)))
    with database:
        folder = database.folder
        assert ask(database, "select 2") == 2
        segment = (folder / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]
        assert segment in shared_memory()
        database.kill()
    assert (processes_naming(folder), folder.exists()) == ([], False)
    assert segment not in shared_memory()


def test_an_owner_killed_by_sigkill_takes_its_database_along() -> None:
    with python_process(_OWNER) as owner:
        folder = Path(owner.next_line())
        assert processes_naming(folder)
        owner.kill()
    wait_for(lambda: not folder.exists() and not processes_naming(folder), "the end of everything")


def shared_memory() -> set[str]:
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()}

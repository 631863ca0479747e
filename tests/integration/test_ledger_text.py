"""Text that a database cannot hold: such a database is refused at the start, and such a row fails alone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from sandbox.servers.postgres import PrivatePostgres
from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import IDENTITY, asking, parked_work, refusal, success, token_of
from worker.clock import SystemClock
from worker.domain.claims import Claim, ClaimRequest, Done, Fresh, History
from worker.errors import LedgerRefused, Unstorable
from worker.ledger.keys import Cipher
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.read.checkup import look_at_ledger
from worker.ledger.read.stats import read_stats

#: From outside of every one-byte encoding that a server may have.
NAMES = ["łódź@example.com", "日本@example.com", "😀@example.com"]
#: What SQLite's and PostgreSQL's indexes differ in: a row of an index of PostgreSQL's has at most 2,704 bytes.
LONG = "".join(chr(0x4E00 + number) for number in range(6_000))


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "WIN1252"])
def narrow(request: pytest.FixtureRequest, database: PrivatePostgres) -> tuple[str, str]:
    """A database of another encoding, and its URL."""
    encoding, name = str(request.param), f"narrow_{str(request.param).lower()}"
    with create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        made = f"CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        connection.execute(text(made))
    return encoding, make_url(database.url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def server(database: PrivatePostgres) -> str:
    """An empty ledger on the server."""
    empty_database(database.url)
    migrate_ledger(database.url)
    return database.url


def test_a_database_that_cannot_hold_every_text_is_refused(narrow: tuple[str, str]) -> None:
    encoding, url = narrow
    with pytest.raises(LedgerRefused, match=rf"has the encoding {encoding}.*ENCODING 'UTF8'"):
        migrate_ledger(url)
    with pytest.raises(LedgerRefused, match=encoding), opened(url):
        pass
    with pytest.raises(LedgerRefused, match=encoding):
        read_stats(url, 90, SystemClock())
    assert encoding in look_at_ledger(url, IDENTITY, ("x",)).words


def test_every_name_is_held_whatever_the_role_speaks(server: str) -> None:
    engine = create_engine(server, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("ALTER ROLE CURRENT_USER SET client_encoding = 'LATIN1'"))
    try:
        hold_all(server)
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER ROLE CURRENT_USER RESET client_encoding"))


def test_a_file_in_utf_16_holds_every_name_too(tmp_path: Path) -> None:
    url = url_in(tmp_path)
    (tmp_path / "state").mkdir()
    with create_engine(url, poolclass=NullPool).connect() as connection:
        connection.exec_driver_sql("PRAGMA encoding = 'UTF-16le'")
        connection.exec_driver_sql("CREATE TABLE other (x)")
        connection.commit()
    hold_all(url)


def hold_all(url: str) -> None:
    with opened(url) as ledger:
        for number, name in enumerate(NAMES):
            id_ = f"{name}-{number}"
            token = token_of(ledger.claim(asking(id_, username=name)))
            ledger.note(token, name)
            ledger.record(token, success(id_))
            assert ledger.claim(asking(id_, username=name)) == Done(success(id_).event)
            assert not ledger.other_create(name, token)


def claimed(ledger: BlockingLedger, requests: Sequence[ClaimRequest]) -> list[Claim | Unstorable]:
    """Claim all of them at the same time, so that they share commits."""

    def claim(request: ClaimRequest) -> Claim | Unstorable:
        try:
            return ledger.claim(request)
        except Unstorable as fault:
            return fault

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(claim, requests))


@pytest.mark.parametrize(
    "bad",
    [
        replace(asking("bad"), username="x" + LONG),
        replace(asking("bad"), lanes=("nul\0",), username="nul\0"),
        replace(asking("bad"), subject="half a pair \ud83d"),
        replace(asking("bad"), generation=2**40),
    ],
    ids=["an index row that is too long", "NUL", "a lone surrogate", "a number that is too large"],
)
def test_a_row_that_a_server_refuses_fails_alone(server: str, bad: ClaimRequest) -> None:
    reports: list[str] = []
    with opened(server) as ledger:
        ledger.watch(_Listener(reports))
        answers = claimed(ledger, [asking("evt_1"), bad, asking("evt_2"), asking("evt_3")])
        assert isinstance(answers[1], Unstorable)
        assert "command bad of billing" in str(answers[1])
        assert LONG not in str(answers[1])
        assert [type(each) for each in (answers[0], *answers[2:])] == [Fresh] * 3
        assert ledger.lease_holds()
    assert reports == []


@pytest.mark.parametrize(
    "bad",
    [replace(asking("bad"), username="half a pair \ud83d"), replace(asking("bad"), generation=2**70)],
    ids=["a lone surrogate", "a number that is too large"],
)
def test_a_row_that_a_file_cannot_hold_fails_alone(tmp_path: Path, bad: ClaimRequest) -> None:
    with opened(url_in(tmp_path)) as ledger:
        answers = claimed(ledger, [asking("evt_1"), bad, asking("evt_2")])
    assert [type(each) for each in answers] == [Fresh, Unstorable, Fresh]


def test_endings_refusals_and_parked_commands_are_refused_for_what_they_hold_as_well(server: str) -> None:
    huge = History(attempts=2**40)
    with opened(server) as ledger:
        token = token_of(ledger.claim(asking()))
        with pytest.raises(Unstorable):
            ledger.record(token, success(history=huge))
        with pytest.raises(Unstorable):
            ledger.refuse(refusal(command_id=LONG))
        with pytest.raises(Unstorable):
            ledger.parking_store(Cipher([f"{'a':A<43}="])).park([parked_work("evt_9", LONG)])
        ledger.record(token, success())


def test_an_owner_of_no_valid_name_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(LedgerRefused, match="no valid Unicode"),
        opened(url_in(tmp_path), replace(IDENTITY, prefix="\udcff")),
    ):
        pass


class _Listener:
    def __init__(self, reports: list[str]) -> None:
        self._reports = reports

    def __call__(self, detail: str) -> None:
        self._reports.append(detail)

"""What a parked command leaves in a real database, and what happens when its key is gone or many are at it at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, select

from messages.errors import CommandName, Invalid
from sandbox.servers.postgres import PrivatePostgres
from tests.support.ledger_opening import opened
from tests.support.ledger_rigs import SqlRig, empty_database
from tests.support.ledger_samples import CIPHER, asking, parked_work, positions
from tests.support.sent_statements import hear_statements
from tests.support.work_samples import PASSWORD, USERNAME, create, work_of
from worker.domain.claims import Held
from worker.domain.work import Work
from worker.errors import LedgerError
from worker.ledger.keys import Cipher
from worker.ledger.schema import metadata, parked, parked_lanes


def whole_database(engine: Engine) -> bytes:
    """Every value of every table."""
    with engine.connect() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(select(table))]
    values = [value for row in rows for value in row]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def test_neither_body_nor_password_nor_headers_are_in_the_database_in_clear(url: str, engine: Engine) -> None:
    work = work_of(create())
    headers = replace(work.delivery.properties, headers={"note": "h3ader-s3cret"})
    with opened(url) as ledger:
        ledger.parking_store(CIPHER).park([replace(work, delivery=replace(work.delivery, properties=headers))])

    seen = whole_database(engine)
    assert b"evt_1" in seen
    assert not [word for word in (PASSWORD, "h3ader-s3cret", "CreateCustomer") if word.encode() in seen]
    assert work.delivery.body[:40] not in seen


def test_nothing_of_it_is_in_the_file_once_it_was_cleared(url: str, engine: Engine) -> None:
    with opened(url) as ledger:
        parking_store = ledger.parking_store(CIPHER)
        parking_store.clear(positions(parking_store.park([work_of(create()), parked_work()])))

    with engine.connect() as connection:
        assert connection.execute(select(parked)).all() == []
        assert connection.execute(select(parked_lanes)).all() == []
    assert USERNAME.encode() not in whole_database(engine)


def test_without_its_key_a_parked_command_waits_and_says_what_to_do(url: str) -> None:
    other = Cipher([f"{'another':A<43}="])
    with opened(url) as ledger:
        [place] = ledger.parking_store(CIPHER).park([parked_work("evt_7")])

        with pytest.raises(LedgerError, match=r"command evt_7 of billing, was encrypted at 20.* put the key of that"):
            ledger.parking_store(other).fetch(place.position)
        assert ledger.parking_store(CIPHER).fetch(place.position) is not None
        assert isinstance(ledger.claim(asking()), Held)


def test_an_older_key_that_is_still_there_opens_what_it_closed(url: str) -> None:
    old, new = f"{'old':A<43}=", f"{'new':A<43}="
    with opened(url) as ledger:
        [place] = ledger.parking_store(Cipher([old])).park([parked_work(body=b"\0body")])

        fetched = ledger.parking_store(Cipher([new, old])).fetch(place.position)

    assert fetched is not None
    assert fetched.body == b"\0body"


def test_a_park_that_fails_in_the_middle_leaves_nothing_behind(url: str) -> None:
    works = [parked_work(f"evt_{number}") for number in range(120)]
    unfit = Work(works[0].delivery, Invalid([], CommandName("billing", "half \ud83d")), works[0].lanes)
    with opened(url) as ledger:
        parking_store = ledger.parking_store(CIPHER)
        with pytest.raises(LedgerError, match="Nothing of it was written"):
            parking_store.park([*works, unfit])

        assert list(parking_store.mine()) == []
        assert len(parking_store.park(works)) == len(works)


def test_of_processes_that_adopt_at_once_each_command_goes_to_one(database: PrivatePostgres) -> None:
    empty_database(database.url)
    rig = SqlRig(database.url, shared=True)
    gone = rig.start()
    places = gone.parking_store(CIPHER).park([parked_work(f"evt_{number}") for number in range(300)])
    rig.stop(gone)
    lots = [rig.start().parking_store(CIPHER) for _ in range(4)]

    with ThreadPoolExecutor(len(lots)) as pool:
        adopted = [place for answer in pool.map(lambda parking_store: parking_store.adopt(), lots) for place in answer]
    held = [place for parking_store in lots for place in parking_store.mine()]
    rig.clear()

    assert sorted(positions(adopted)) == sorted(positions(held)) == positions(places)


def test_more_than_one_commit_should_hold_is_adopted_all_the_same(url: str) -> None:
    with opened(url) as ledger:
        places = ledger.parking_store(CIPHER).park([parked_work(f"evt_{number}") for number in range(5_003)])
    with opened(url) as ledger:
        assert list(ledger.parking_store(CIPHER).adopt()) == list(places)


def test_a_claim_looks_once_when_nothing_is_parked_and_steps_into_an_index_when_much_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with opened(url) as ledger:
        asked = statements_about_parked(monkeypatch, ledger._store.engine)
        ledger.claim(asking("evt_1"))
        assert len(asked) == 1
        ledger.parking_store(CIPHER).park([parked_work()])
        asked.clear()
        ledger.claim(replace(asking("evt_2"), lanes=()))
        assert asked == []
        ledger.claim(asking("evt_3"))
        question = asked[-1]
    with create_engine(url, poolclass=NullPool).connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", (json.dumps(["lane"]),)).all()
    assert "SEARCH parked_lanes USING COVERING INDEX" in str(plan)


def statements_about_parked(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> list[str]:
    """What is asked of the two tables from now on."""
    asked: list[str] = []

    def note(statement: str, _values: object) -> None:
        if "parked" in statement:
            asked.append(statement)

    hear_statements(monkeypatch, engine, note)
    return asked

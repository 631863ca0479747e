"""Two worker processes claim the same commands of one PostgreSQL ledger at once: one wins, the other repeats."""

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine, event, func, select

from sandbox.servers.postgres import PrivatePostgres
from tests.support.ledger_rigs import empty_database
from tests.support.ledger_samples import IDENTITY
from tests.support.servers import Spoken, python_process
from worker.errors import LedgerRefused
from worker.ledger.identity import settle_identity
from worker.ledger.maintenance import migrate_ledger
from worker.ledger.schema import commands, identity

KEYS, THREADS = 400, 16

#: Works through all keys with several threads, in an order of its own; prints which it applied and which it repeated.
#: It begins when a file appears, so that both begin together; and goes on after its first keys once the other has done
#: its own, so that they meet however late the other was let run.
_RIVAL = """
import json, random, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from tests.support.ledger_opening import opened
from tests.support.ledger_samples import asking, success, token_of
from worker.domain.claims import Done, Fresh, Held

url, name, keys, threads, gate = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])
rest = Event()

def wait_for(*files):
    while not all(file.exists() for file in files):
        rest.wait(0.001)

def work(ledger, number):
    id_ = f"evt_{number}"
    while True:
        claim = ledger.claim(asking(id_))
        if isinstance(claim, Held):
            rest.wait(0.01)
            continue
        if isinstance(claim, Done):
            return ("repeated", number, claim.event.id)
        assert isinstance(claim, Fresh), claim
        event = f"{name}:{number}"
        ledger.record(claim.token, success(event))
        return ("applied", number, event)

with opened(url, patience_seconds=60) as ledger:
    print("ready", flush=True)
    wait_for(gate)
    numbers = list(range(keys))
    # Each in a disorder of its own: batches of both hold the same keys beside others.
    random.Random(name).shuffle(numbers)
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda number: work(ledger, number), numbers[:threads]))
        gate.with_name(name).touch()
        wait_for(gate.with_name("left"), gate.with_name("right"))
        done += pool.map(lambda number: work(ledger, number), numbers[threads:])
    print(json.dumps(done), flush=True)
"""


def accounts(rival: Spoken) -> dict[int, tuple[str, str]]:
    """Return what a rival did with each key, and the id of the event that it holds for the truth."""
    results = json.loads(rival.next_line())
    assert len(results) == KEYS
    return {number: (what, event) for what, number, event in results}


def test_of_two_processes_that_claim_the_same_keys_one_applies_each_and_the_other_publishes_its_event(
    database: PrivatePostgres, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    empty_database(database.url)
    migrate_ledger(database.url)
    words = database.url, str(KEYS), str(THREADS), str(gate)

    def rival(name: str) -> AbstractContextManager[Spoken]:
        return python_process(_RIVAL, words[0], name, *words[1:])

    with rival("left") as left, rival("right") as right:
        assert [left.next_line(), right.next_line()] == ["ready", "ready"]
        gate.touch()
        lefts, rights = accounts(left), accounts(right)

    pairs = {number: (lefts[number], rights[number]) for number in range(KEYS)}
    assert all({one[0], other[0]} == {"applied", "repeated"} for one, other in pairs.values()), pairs
    assert all(one[1] == other[1] for one, other in pairs.values()), pairs
    # Otherwise they did not meet, and nothing was shown.
    assert {what for what, _ in lefts.values()} == {what for what, _ in rights.values()} == {"applied", "repeated"}
    with create_engine(database.url, poolclass=NullPool).connect() as connection:
        assert connection.execute(select(func.count()).select_from(commands)).scalar_one() == KEYS


@pytest.fixture
def unsigned(database: PrivatePostgres) -> Engine:
    """A ledger that another process signs as soon as this engine has looked whose it is."""
    empty_database(database.url)
    migrate_ledger(database.url)
    ours, theirs = (create_engine(database.url, poolclass=NullPool) for _ in range(2))

    @event.listens_for(ours, "after_cursor_execute")
    def sign_meanwhile(*execution: object) -> None:
        if "FROM identity" in str(execution[2]):
            settle_identity(theirs, "the ledger", IDENTITY)

    return ours


def test_of_two_that_sign_a_new_ledger_at_once_neither_fails(unsigned: Engine) -> None:
    settle_identity(unsigned, "the ledger", IDENTITY)

    with unsigned.connect() as connection:
        assert connection.execute(select(func.count()).select_from(identity)).scalar_one() == 1


def test_one_that_another_worker_signs_at_once_is_refused(unsigned: Engine) -> None:
    with pytest.raises(LedgerRefused, match="belongs to the worker with"):
        settle_identity(unsigned, "the ledger", replace(IDENTITY, prefix="another"))

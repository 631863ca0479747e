"""RetrieveCustomers with thousands of customers: each one told once, in events that fit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, SeedCustomer, check_seed
from sandbox.servers.finding import OwnBroker
from tests.support.billing import Heard
from tests.support.commands import retrieve
from tests.support.installation import Installation, open_installation
from tests.support.worker_process import WorkerProcess

MANY = 3_000
MAX_EVENT_BYTES = 1024 * 1024
#: As long as the provider allows, and three bytes a character: five hundred of these are more than an event may hold.
LONG = {
    "first_name": "界" * 50,
    "last_name": "界" * 50,
    "address": "界" * 100,
    "city": "界" * 100,
    "state": "界" * 100,
    "zip": "界" * 50,
    "country": "界" * 100,
    "phone": "界" * 50,
    "website": "界" * 255,
}


def username(number: int) -> str:
    return f"c{number:04}@example.com"


def seed() -> Seed:
    customers = tuple(
        SeedCustomer(
            reseller="acme",
            username=username(number),
            password=SecretStr("password"),
            email=username(number),
            active=number % 2 == 0,
            company="Long Names Ltd",
            **LONG,
        )
        for number in range(MANY)
    )
    return check_seed().model_copy(update={"customers": customers})


@pytest.fixture(scope="module")
def town(broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, WorkerProcess]]:
    """An installation with very many customers, and its worker."""
    folder: Path = tmp_path_factory.mktemp("town")
    with (
        open_installation(broker.url, folder, seed()) as installation,
        installation.worker(PROVIDER__TIMEOUT_SECONDS="15") as worker,
    ):
        yield installation, worker
        assert worker.terminate() == 0


def asked(installation: Installation, **filters: object) -> Heard:
    command = retrieve(filters)
    installation.emitter.publish(command)
    heard = installation.ear.await_event(command)
    assert heard.properties.type == "CustomersRetrieved", heard.body
    return heard


def test_paging_by_next_offset_tells_of_every_customer_once(town: tuple[Installation, WorkerProcess]) -> None:
    installation, _ = town
    offset: int | None = 0
    told: list[dict[str, Any]] = []
    while offset is not None:
        heard = asked(installation, limit=500, offset=offset)
        assert len(heard.body) <= MAX_EVENT_BYTES
        assert heard.data["offset"] == offset == len(told)
        told += heard.data["customers"]
        offset = heard.data["next_offset"]
        assert offset is None or (offset == len(told) and heard.data["customers"])
    assert [row["username"] for row in told] == [username(number) for number in range(MANY)]
    assert all({name: row[name] for name in LONG} == LONG for row in (told[0], told[-1]))


def test_a_page_is_cut_at_what_an_event_may_hold_and_not_before(town: tuple[Installation, WorkerProcess]) -> None:
    installation, _ = town
    heard = asked(installation, limit=500)
    rows = heard.data["customers"]
    assert len(rows) < 500
    assert len(heard.body) + 2 * len(json.dumps(rows[0], ensure_ascii=False).encode()) > 0.9 * MAX_EVENT_BYTES


def test_a_limit_is_kept_and_without_one_there_are_a_hundred(town: tuple[Installation, WorkerProcess]) -> None:
    installation, _ = town
    assert [len(asked(installation, limit=limit).data["customers"]) for limit in (1, 7)] == [1, 7]
    default = asked(installation).data
    assert (len(default["customers"]), default["next_offset"]) == (100, 100)


def test_all_filters_must_match_and_the_last_page_has_no_next(town: tuple[Installation, WorkerProcess]) -> None:
    installation, _ = town
    told = asked(installation, username="C299", active=True, company="long").data
    assert [row["username"] for row in told["customers"]] == [username(number) for number in range(2990, MANY, 2)]
    assert (told["offset"], told["next_offset"]) == (0, None)


@pytest.mark.parametrize("question", [{"offset": MANY}, {"offset": 10_000_000}, {"username": "nobody"}])
def test_beyond_the_last_customer_there_is_an_empty_list(
    town: tuple[Installation, WorkerProcess], question: dict[str, object]
) -> None:
    installation, _ = town
    told = asked(installation, **question).data
    assert (told["customers"], told["next_offset"]) == ([], None)


def test_a_last_full_page_knows_that_it_is_the_last(town: tuple[Installation, WorkerProcess]) -> None:
    installation, _ = town
    told = asked(installation, limit=100, offset=MANY - 100).data
    assert (len(told["customers"]), told["next_offset"]) == (100, None)

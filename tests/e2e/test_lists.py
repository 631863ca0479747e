"""RetrieveCustomers with thousands of customers: each one listed once, in events that fit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, SeedCustomer, check_seed
from sandbox.servers.finding import OwnBroker
from tests.support.billing import ReceivedMessage
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
def large_installation(
    broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, WorkerProcess]]:
    """An installation with very many customers, and its worker."""
    folder: Path = tmp_path_factory.mktemp("large_installation")
    with (
        open_installation(broker.url, folder, seed()) as installation,
        installation.worker(PROVIDER__TIMEOUT_SECONDS="15") as worker,
    ):
        yield installation, worker
        assert worker.terminate() == 0


def asked(installation: Installation, **filters: object) -> ReceivedMessage:
    command = retrieve(filters)
    installation.emitter.publish(command)
    received = installation.listener.await_event(command)
    assert received.properties.type == "CustomersRetrieved", received.body
    return received


def test_paging_by_next_offset_lists_every_customer_once(
    large_installation: tuple[Installation, WorkerProcess],
) -> None:
    installation, _ = large_installation
    offset: int | None = 0
    listed: list[dict[str, Any]] = []
    while offset is not None:
        received = asked(installation, limit=500, offset=offset)
        assert len(received.body) <= MAX_EVENT_BYTES
        assert received.data["offset"] == offset == len(listed)
        listed += received.data["customers"]
        offset = received.data["next_offset"]
        assert offset is None or (offset == len(listed) and received.data["customers"])
    assert [row["username"] for row in listed] == [username(number) for number in range(MANY)]
    assert all({name: row[name] for name in LONG} == LONG for row in (listed[0], listed[-1]))


def test_a_page_is_cut_at_what_an_event_may_hold_and_not_before(
    large_installation: tuple[Installation, WorkerProcess],
) -> None:
    installation, _ = large_installation
    received = asked(installation, limit=500)
    rows = received.data["customers"]
    assert len(rows) < 500
    assert len(received.body) + 2 * len(json.dumps(rows[0], ensure_ascii=False).encode()) > 0.9 * MAX_EVENT_BYTES


def test_a_limit_is_kept_and_without_one_there_are_a_hundred(
    large_installation: tuple[Installation, WorkerProcess],
) -> None:
    installation, _ = large_installation
    assert [len(asked(installation, limit=limit).data["customers"]) for limit in (1, 7)] == [1, 7]
    default = asked(installation).data
    assert (len(default["customers"]), default["next_offset"]) == (100, 100)


def test_all_filters_must_match_and_the_last_page_has_no_next(
    large_installation: tuple[Installation, WorkerProcess],
) -> None:
    installation, _ = large_installation
    listed = asked(installation, username="C299", active=True, company="long").data
    assert [row["username"] for row in listed["customers"]] == [username(number) for number in range(2990, MANY, 2)]
    assert (listed["offset"], listed["next_offset"]) == (0, None)


@pytest.mark.parametrize("question", [{"offset": MANY}, {"offset": 10_000_000}, {"username": "nobody"}])
def test_beyond_the_last_customer_there_is_an_empty_list(
    large_installation: tuple[Installation, WorkerProcess], question: dict[str, object]
) -> None:
    installation, _ = large_installation
    listed = asked(installation, **question).data
    assert (listed["customers"], listed["next_offset"]) == ([], None)


def test_a_last_full_page_knows_that_it_is_the_last(large_installation: tuple[Installation, WorkerProcess]) -> None:
    installation, _ = large_installation
    listed = asked(installation, limit=100, offset=MANY - 100).data
    assert (len(listed["customers"]), listed["next_offset"]) == (100, None)

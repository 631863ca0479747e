"""Passwords and keys are planted everywhere they belong, and found nowhere else."""

import re
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, check_seed
from sandbox.provider.faults import Fault, FaultRule
from sandbox.servers.finding import OwnBroker
from tests.support.commands import Command, Message, bare, create, new_username, rotate
from tests.support.house import House, open_house

PLANTED = re.compile(r"planted-[a-z]+")


def seed_with_planted_key() -> Seed:
    seed = check_seed()
    acme, *others = seed.resellers
    return seed.model_copy(
        update={"resellers": (acme.model_copy(update={"api_key": SecretStr("planted-key")}), *others)}
    )


@pytest.fixture(scope="module")
def lived_in(broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, str]]]:
    """A house in which secrets have met everything that can go wrong, and what its worker showed meanwhile."""
    folder = tmp_path_factory.mktemp("secrets")
    with open_house(broker.url, folder, seed_with_planted_key()) as house:
        house.settings["PROVIDER__API_KEY"] = "planted-key"
        with house.worker(LOG__LEVEL="debug") as worker:
            commands, messages = meet_everything(house)
            house.ear.await_events(commands)
            for message in messages:
                house.ear.await_letter(message)
            pages = {page: worker.ask(page).body for page in ("/metrics", "/readyz", "/livez")}
            assert worker.terminate() == 0
            told = house.type("explain", commands[0].id, "--output", "json")
            yield house, {**pages, "log": worker.log, "explain": told.stdout + told.stderr}


def meet_everything(house: House) -> tuple[list[Command], list[Message]]:
    commands = [
        create(new_username(), password="planted-password"),
        create(new_username(), password="planted-password", package="Platinum"),
        create(new_username(), password="planted-password", colour="planted-field"),
        create(new_username(), password=["planted-list"]),
        rotate("a@x.com", "cred1", "planted-rotation"),
        rotate("a@x.com", "nobody's", "planted-rotation"),
        rotate("a@x.com", "cred1", "planted-" + "long" * 100),
    ]
    conflict = create(commands[0].username, id=commands[0].id, password="planted-conflict")
    messages = [Message(b'{"password": "planted-half'), bare(conflict)]
    for fault in (Fault.HTML, Fault.ERROR_500, Fault.TRUNCATED, Fault.DROP_BEFORE):
        house.sandbox.inject(FaultRule(fault=fault, times=1))
    house.emitter.publish(*commands, *messages)
    return commands, messages


def test_no_secret_is_shown_by_the_worker(lived_in: tuple[House, dict[str, str]]) -> None:
    _, shown = lived_in
    assert all(shown.values())
    assert {where: found for where, text in shown.items() if (found := PLANTED.findall(text))} == {}


def test_no_secret_is_in_an_event(lived_in: tuple[House, dict[str, str]]) -> None:
    house, _ = lived_in
    assert [
        found for event in house.ear.events if (found := PLANTED.findall(f"{event.body!r} {event.properties}"))
    ] == []


def test_no_secret_is_in_a_dead_letters_headers(lived_in: tuple[House, dict[str, str]]) -> None:
    house, _ = lived_in
    assert len({letter.told["dead-letter-id"] for letter in house.ear.letters}) == 7
    assert [found for letter in house.ear.letters if (found := PLANTED.findall(f"{letter.properties}"))] == []


def test_no_secret_is_in_the_ledgers_files(lived_in: tuple[House, dict[str, str]]) -> None:
    house, _ = lived_in
    files = [path for path in house.folder.iterdir() if path.name.startswith("ledger")]
    assert len(files) > 1
    assert [path.name for path in files if b"planted-" in path.read_bytes()] == []


def test_no_secret_travelled_in_a_url(lived_in: tuple[House, dict[str, str]]) -> None:
    house, _ = lived_in
    assert {entry.query_names for entry in house.sandbox.journal()} == {()}


def test_a_refused_broker_password_is_not_shown(own_house: House) -> None:
    url = own_house.broker_url.replace("guest:guest", "guest:planted-password")
    with own_house.starting_worker(AMQP__URL=url, LOG__LEVEL="debug") as worker:
        worker.await_said("broker_unreachable")
        shown = worker.log + worker.ask("/readyz").body
        assert worker.terminate() == 0
    assert "refuses the login" in shown
    assert PLANTED.findall(shown) == []

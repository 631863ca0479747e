"""One command's record, read beside the worker that writes it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from messages.errors import Undecodable
from tests.support.blocking_ledger import BlockingLedger
from tests.support.ledger_opening import opened, url_in
from tests.support.ledger_samples import (
    CIPHER,
    asking,
    failed_attempt,
    failure,
    from_shop,
    key,
    parked_work,
    refusal,
    success,
    token_of,
)
from worker.domain.claims import Fresh, History
from worker.errors import LedgerRefused, LedgerUnavailable
from worker.ledger.read.records import CommandRecords, open_reader
from worker.ledger.schema import commands, failed_attempts
from worker.ledger.stores.opening import open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return url_in(tmp_path)


@pytest.fixture
def ledger(url: str) -> Iterator[BlockingLedger]:
    with opened(url) as ledger:
        yield ledger


def records(url: str, command_id: str = "evt_1") -> CommandRecords:
    with open_reader(url) as reader:
        return reader.records(command_id)


def test_a_command_that_runs_is_reported_as_claimed(ledger: BlockingLedger, url: str) -> None:
    ledger.claim(asking())

    (command,) = records(url).commands
    assert (command.key, command.state, command.type) == (key(), "claimed", "CreateCustomer")
    assert (command.subject, command.username, command.lanes) == ("cus_1", "ada@example.com", ("subject:cus_1",))
    assert (command.event, command.dead_letter, command.finished_at) == (None, None, None)


def test_failed_attempts_are_reported_in_their_order(ledger: BlockingLedger, url: str) -> None:
    for number in (1, 2):
        history = History(attempts=number)
        deferral = replace(failed_attempt(0.0, history), detail=f"refused \0 {number}")
        ledger.defer(token_of(ledger.claim(asking())), deferral)

    (command,) = records(url).commands
    found = [(each.number, each.cause, each.detail) for each in command.failed_attempts]
    assert found == [
        (1, "not_sent", "refused \N{REPLACEMENT CHARACTER} 1"),
        (2, "not_sent", "refused \N{REPLACEMENT CHARACTER} 2"),
    ]
    assert (command.state, command.history.attempts) == ("waiting", 2)


def test_the_attempts_of_a_deleted_command_are_deleted_with_it(ledger: BlockingLedger, url: str) -> None:
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(0.0))
    with ledger._store.engine.begin() as connection:
        connection.execute(delete(commands))

    with open_reader(url) as reader, reader._reading() as connection:
        assert connection.execute(select(failed_attempts)).all() == []


def test_a_dead_command_is_reported_with_its_event_and_dead_letter(ledger: BlockingLedger, url: str) -> None:
    ledger.record(token_of(ledger.claim(asking())), failure())

    (command,) = records(url).commands
    assert (command.state, command.event, command.dead_letter) == ("dead", failure().event, failure().dead_letter)
    assert command.finished_at is not None


def test_commands_of_several_sources_are_reported_in_the_order_they_came(ledger: BlockingLedger, url: str) -> None:
    ledger.claim(from_shop(asking()))
    ledger.record(token_of(ledger.claim(asking())), success())

    assert [command.key.source for command in records(url).commands] == ["shop", "billing"]


def test_each_source_is_shown_its_own_attempts(ledger: BlockingLedger, url: str) -> None:
    ledger.claim(from_shop(asking()))
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(0.0))

    assert [len(command.failed_attempts) for command in records(url).commands] == [0, 1]


def test_refusals_of_the_id_are_reported_too(ledger: BlockingLedger, url: str) -> None:
    ledger.refuse(refusal(command_id="evt_7"))

    found = records(url, "evt_7")
    assert [each.refusal for each in found.refusals] == [refusal(command_id="evt_7")]
    assert found.commands == ()


def test_an_id_that_was_never_seen_has_no_record(ledger: BlockingLedger, url: str) -> None:
    assert ledger.alive
    assert records(url, "evt_0") == CommandRecords((), ())


def test_pauses_are_reported_and_outlive_the_process(url: str) -> None:
    with opened(url) as ledger:
        ledger.save_pause("outage", "v2", None, "five customers, five failures")
        ledger.save_pause("throttled", "v3", 1_800_000_060.0, "429")
        ledger.save_pause("outage", "v2", 1_800_000_010.0, "probe refused")
        ledger.clear_pause("throttled", "v3")
        ledger.clear_pause("throttled", "never")

    with opened(url) as ledger, open_reader(url) as reader:
        (pause,) = ledger.pauses()
        assert (pause.cause, pause.scope, pause.until, pause.detail) == (
            "outage",
            "v2",
            1_800_000_010.0,
            "probe refused",
        )
        assert reader.pauses() == [pause]


def test_a_pause_keeps_its_beginning(ledger: BlockingLedger) -> None:
    ledger.save_pause("outage", "v2", None, "first")
    (first,) = ledger.pauses()
    ledger.save_pause("outage", "v2", None, "second")

    (second,) = ledger.pauses()
    assert (second.since, second.detail) == (first.since, "second")


def test_a_closed_ledger_can_be_read_and_then_be_opened_again(url: str) -> None:
    with opened(url) as ledger:
        ledger.claim(asking())

    assert len(records(url).commands) == 1
    with opened(url) as ledger:
        assert isinstance(ledger.claim(asking("evt_2")), Fresh)


def test_reading_hinders_no_worker(url: str) -> None:
    with opened(url):
        pass
    with open_reader(url), opened(url) as ledger:
        assert isinstance(ledger.claim(asking()), Fresh)


def test_a_reader_can_change_nothing(ledger: BlockingLedger, url: str) -> None:
    ledger.claim(asking())

    with (
        open_reader(url) as reader,
        pytest.raises(LedgerUnavailable, match="readonly"),
        reader._reading() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM commands")


def test_an_empty_file_is_no_ledger_to_read(url: str) -> None:
    open_store(url).release()

    with pytest.raises(LedgerRefused, match="ledger migrate"):
        open_reader(url)


def test_a_parked_command_is_reported_with_what_it_waits_behind(ledger: BlockingLedger, url: str) -> None:
    ledger.parking_store(CIPHER).park(
        [
            parked_work("evt_0", "subject:a"),
            parked_work("evt_1", "subject:free"),
            parked_work("evt_2", "subject:b", "customer:c"),
            parked_work("evt_3", "subject:a", "customer:c"),
            parked_work("evt_2", "subject:a", "customer:c"),
        ]
    )

    (first,) = records(url, "evt_0").parked
    (free,) = records(url, "evt_1").parked
    _, again = records(url, "evt_2").parked

    assert (first.key, first.ahead, first.first) == (key("evt_0"), 0, None)
    assert free.ahead == 0
    assert (again.ahead, again.first) == (3, key("evt_0"))
    assert again.since > 0
    assert records(url, "evt_2").commands == ()


def test_a_parked_command_behind_a_nameless_message_is_reported_too(ledger: BlockingLedger, url: str) -> None:
    nameless = replace(parked_work(), content=Undecodable([]))
    ledger.parking_store(CIPHER).park([nameless, parked_work("evt_1")])

    (parked,) = records(url).parked
    assert (parked.ahead, parked.first) == (1, None)

"""The port `Ledger`, kept by the fake and by every database: one process."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.blocking_ledger import PlainLedger
from tests.support.ledger_rigs import Rig, make_rig
from tests.support.ledger_samples import asking, failed_attempt, failure, from_shop, key, refusal, success, token_of
from worker.domain.claims import Conflict, Dead, Done, Fresh, Held, History, Resumed
from worker.errors import ClaimLost

LEASE_OVER = 16.0


@pytest.fixture(params=["fake", "sqlite", "shared sqlite", "postgresql"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    rig = make_rig(request, tmp_path)
    yield rig
    rig.clear()


@pytest.fixture
def ledger(rig: Rig) -> PlainLedger:
    return rig.start()


def test_a_new_command_is_fresh(ledger: PlainLedger) -> None:
    claim = ledger.claim(asking())

    assert isinstance(claim, Fresh)
    assert claim.token.key == key()
    assert claim.history == History()


def test_a_redelivered_command_nobody_knows_is_resumed_as_not_begun(ledger: PlainLedger) -> None:
    claim = ledger.claim(asking(redelivered=True))

    assert isinstance(claim, Resumed)
    assert claim.history == History()


def test_the_same_id_of_another_source_is_another_command(ledger: PlainLedger) -> None:
    ledger.claim(asking())

    assert isinstance(ledger.claim(from_shop(asking())), Fresh)


def test_a_finished_command_gives_back_its_event_byte_for_byte(ledger: PlainLedger) -> None:
    ending = success()
    ledger.record(token_of(ledger.claim(asking())), ending)

    assert ledger.claim(asking(redelivered=True)) == Done(ending.event)


def test_a_dead_command_gives_back_its_event_and_its_dead_letter(ledger: PlainLedger) -> None:
    ending = failure()
    ledger.record(token_of(ledger.claim(asking())), ending)

    assert ending.dead_letter is not None
    assert ledger.claim(asking()) == Dead(ending.event, ending.dead_letter)


def test_other_content_under_the_same_key_is_a_conflict(ledger: PlainLedger) -> None:
    ledger.claim(asking())

    assert ledger.claim(asking(content=[b"b" * 32])) == Conflict()


def test_other_content_is_a_conflict_when_the_first_has_ended_too(ledger: PlainLedger) -> None:
    ledger.record(token_of(ledger.claim(asking())), success())

    assert ledger.claim(asking(content=[b"b" * 32])) == Conflict()


def test_a_conflict_changes_nothing_about_the_first_command(ledger: PlainLedger) -> None:
    token = token_of(ledger.claim(asking()))
    ledger.claim(asking(content=[b"b" * 32]))
    ledger.record(token, success())

    assert ledger.claim(asking()) == Done(success().event)


def test_content_that_an_older_key_fingerprinted_is_no_conflict(ledger: PlainLedger) -> None:
    ledger.claim(asking(content=[b"old" * 8]))

    assert isinstance(ledger.claim(asking(content=[b"new" * 8, b"old" * 8])), Resumed)


def test_only_the_newest_fingerprint_is_kept(ledger: PlainLedger) -> None:
    ledger.claim(asking(content=[b"new" * 8, b"old" * 8]))

    assert ledger.claim(asking(content=[b"old" * 8])) == Conflict()


def test_a_command_claimed_again_while_its_try_ran_may_have_been_applied(ledger: PlainLedger) -> None:
    ledger.claim(asking())

    again = ledger.claim(asking(redelivered=True))

    assert isinstance(again, Resumed)
    assert again.history.begun


def test_the_older_token_of_a_command_claimed_again_is_refused(ledger: PlainLedger) -> None:
    older = token_of(ledger.claim(asking()))
    newer = token_of(ledger.claim(asking()))

    with pytest.raises(ClaimLost):
        ledger.record(older, failure())
    with pytest.raises(ClaimLost):
        ledger.defer(older, failed_attempt(0.0))
    ledger.record(newer, success())
    assert ledger.claim(asking()) == Done(success().event)


def test_a_deferred_command_is_held_until_its_time(rig: Rig, ledger: PlainLedger) -> None:
    until = rig.clock.now() + 30
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(until))

    assert ledger.claim(asking()) == Held(until)
    rig.clock.advance(30)
    assert isinstance(ledger.claim(asking()), Resumed)


def test_a_deferred_command_comes_back_with_its_whole_history(rig: Rig, ledger: PlainLedger) -> None:
    history = History(5, 2, 1, 1_799_999_990.25, 12.5, begun=False, first_failed_at=1_799_999_980.75)
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(rig.clock.now(), history))

    claim = ledger.claim(asking())

    assert isinstance(claim, Resumed)
    assert claim.history == history


def test_a_try_after_a_harmless_one_may_again_have_been_applied(rig: Rig, ledger: PlainLedger) -> None:
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(rig.clock.now(), History(attempts=1, begun=False)))
    ledger.claim(asking())

    again = ledger.claim(asking())

    assert isinstance(again, Resumed)
    assert again.history == History(attempts=1, begun=True)


def test_what_may_have_been_applied_stays_so_over_a_deferral(rig: Rig, ledger: PlainLedger) -> None:
    ledger.defer(token_of(ledger.claim(asking())), failed_attempt(rig.clock.now(), History(attempts=1, begun=True)))

    claim = ledger.claim(asking())

    assert isinstance(claim, Resumed)
    assert claim.history.begun


def test_a_deferred_command_may_end_without_another_claim(rig: Rig, ledger: PlainLedger) -> None:
    token = token_of(ledger.claim(asking()))
    ledger.defer(token, failed_attempt(rig.clock.now() + 60))

    ledger.record(token, failure())

    assert isinstance(ledger.claim(asking()), Dead)


def test_the_same_ending_may_be_recorded_twice(ledger: PlainLedger) -> None:
    token = token_of(ledger.claim(asking()))
    ledger.record(token, success())

    ledger.record(token, success())

    assert ledger.claim(asking()) == Done(success().event)


def test_an_ending_is_never_replaced(rig: Rig, ledger: PlainLedger) -> None:
    token = token_of(ledger.claim(asking()))
    ledger.record(token, success("event-1"))

    with pytest.raises(ClaimLost):
        ledger.record(token, failure("event-2"))
    with pytest.raises(ClaimLost):
        ledger.defer(token, failed_attempt(rig.clock.now()))
    assert ledger.claim(asking()) == Done(success("event-1").event)


def test_a_repeated_refusal_gets_back_the_first_one(ledger: PlainLedger) -> None:
    first = refusal(body=b"first")

    assert ledger.refuse(first) == first
    assert ledger.refuse(refusal(body=b"second")) == first


def test_a_refusal_that_was_kept_with_an_older_key_is_the_first_one(ledger: PlainLedger) -> None:
    first = ledger.refuse(refusal("by the old key", body=b"first"))
    again = replace(refusal("by the new key", body=b"second"), older_ids=("by the old key", "by an older one"))

    assert ledger.refuse(again) == first
    assert ledger.refuse(replace(again, id="another", older_ids=("not kept",))).id == "another"


def test_a_refusal_leaves_the_key_free(ledger: PlainLedger) -> None:
    ledger.refuse(refusal(command_id="evt_1"))

    assert isinstance(ledger.claim(asking("evt_1")), Fresh)


def test_a_create_alone_knows_no_other_create(ledger: PlainLedger) -> None:
    token = token_of(ledger.claim(asking(username="ada@example.com")))

    assert not ledger.other_create("ada@example.com", token)


def test_another_create_of_the_username_is_known_however_it_is_written(ledger: PlainLedger) -> None:
    ledger.record(token_of(ledger.claim(asking("evt_1", username="Ada@Example.com"))), success())
    token = token_of(ledger.claim(asking("evt_2", username="ada@example.com")))

    assert ledger.other_create("ADA@example.com", token)


@pytest.mark.parametrize(
    ("created", "asked"),
    [
        ("zo\u00e9@example.com", "zoe\u0301@example.com"),
        ("Zoe\u0301@Example.com", "ZO\u00c9@example.com"),
        ("o'brien@example.com", "O&#39;Brien@example.com"),
        ("O&#x27;Brien@Example.com", "o'brien@example.com"),
        ("zoe\u0301.o&#039;brien@example.com", "Zo\u00e9.O'Brien@example.com"),
    ],
)
def test_another_create_and_a_later_command_are_known_in_every_spelling(
    ledger: PlainLedger, created: str, asked: str
) -> None:
    token = token_of(ledger.claim(asking("evt_1", username=asked)))
    ledger.record(token_of(ledger.claim(asking("evt_2", username=created))), success())

    assert ledger.other_create(asked, token)
    assert ledger.later_applied(asked, token)


def test_a_create_of_the_same_id_from_another_source_is_another_create(ledger: PlainLedger) -> None:
    ledger.claim(from_shop(asking(username="ada@example.com")))
    token = token_of(ledger.claim(asking(username="ada@example.com")))

    assert ledger.other_create("ada@example.com", token)


def test_other_commands_of_the_username_are_no_creates(ledger: PlainLedger) -> None:
    ledger.claim(asking("evt_1", username="ada@example.com", type_="DisableCustomer"))
    ledger.claim(asking("evt_2", username="eve@example.com"))
    token = token_of(ledger.claim(asking("evt_3", username="ada@example.com")))

    assert not ledger.other_create("ada@example.com", token)


def test_a_process_at_work_holds_its_lease(ledger: PlainLedger) -> None:
    assert ledger.lease_holds()


def test_a_lease_that_was_not_renewed_holds_no_more(rig: Rig, ledger: PlainLedger) -> None:
    rig.clock.advance(LEASE_OVER)

    assert not ledger.lease_holds()


def test_a_lease_that_is_about_to_end_holds_no_more(rig: Rig, ledger: PlainLedger) -> None:
    rig.clock.advance(14)

    assert not ledger.lease_holds()

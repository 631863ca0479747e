"""ChangeUsername: written once, and recognised afterwards by what stays with a customer when its name changes."""

import re
from dataclasses import replace

import pytest

from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import NEW_USERNAME, USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.stage import Case, LateProvider, Stage, gone, nothing
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import (
    LedgerUnavailable,
    NotApplied,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Throttled,
    Unprovable,
)

RENAME = commands_about_ada()["ChangeUsername"]
RENAMED = f"ChangeUsername {USERNAME}"
LOOKS = [f"find {NEW_USERNAME}", f"find {USERNAME}"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def renamed(provider: FakeProvider) -> None:
    provider.accounts.apply(RENAME)


def taken(provider: FakeProvider) -> None:
    provider.add(create_command(username=NEW_USERNAME, email="eve@example.com"))


def somebody_else_instead(provider: FakeProvider) -> None:
    gone(provider)
    taken(provider)


def taken_elsewhere(provider: FakeProvider) -> None:
    provider.taken_elsewhere.add(NEW_USERNAME)


def note_of(stage: Stage) -> str | None:
    return stage.ledger.row(stage.token.key).history.note


def mark_of_ada() -> str:
    """What a first attempt writes down of Ada."""
    stage = Stage()
    stage.handle(RENAME, FIRST)
    note = note_of(stage)
    assert note is not None
    return note


def mark_of_nobody() -> str:
    """What a first attempt writes down when it does not find Ada."""
    stage = Stage()
    gone(stage.provider)
    assert stage.end(RENAME, FIRST) is Rejected
    note = note_of(stage)
    assert note is not None
    return note


ADA, NOBODY = mark_of_ada(), mark_of_nobody()
SENT = replace(BEGUN, note=ADA)
SENT_LAST = replace(LAST_LOOK, note=ADA)
SENT_BLIND = replace(BEGUN, note=NOBODY)
#: An earlier attempt wrote its note, and its request never left.
NOTED = replace(FIRST, note=ADA)


CASES = [
    Case(FIRST, nothing, "applied", 1),
    Case(FIRST, renamed, Rejected),
    Case(FIRST, taken, Rejected),
    Case(FIRST, taken_elsewhere, Rejected),
    Case(FIRST, gone, Rejected),
    Case(NOTED, nothing, "applied", 1),
    Case(NOTED, renamed, Rejected),
    Case(UNREMEMBERED, nothing, "applied", 1),
    Case(UNREMEMBERED, renamed, Unprovable),
    Case(UNREMEMBERED, somebody_else_instead, Unprovable),
    Case(UNREMEMBERED, taken, Rejected),
    Case(UNREMEMBERED, gone, Rejected),
    # Begun without a note: it crashed before it wrote anything, so what is found is not its work.
    Case(BEGUN, nothing, "applied", 1),
    Case(BEGUN, renamed, Unprovable),
    Case(BEGUN, somebody_else_instead, Unprovable),
    Case(BEGUN, taken, Rejected),
    Case(BEGUN, gone, Rejected),
    Case(LAST_LOOK, renamed, NotApplied),
    Case(LAST_LOOK, nothing, NotApplied),
    Case(SENT, nothing, "applied", 1),
    Case(SENT, renamed, "already_applied"),
    Case(SENT, somebody_else_instead, Unprovable),
    Case(SENT, taken, Rejected),
    Case(SENT, taken_elsewhere, Rejected),
    Case(SENT, gone, Unprovable),
    Case(SENT_LAST, nothing, NotApplied),
    Case(SENT_LAST, renamed, "already_applied"),
    Case(SENT_LAST, somebody_else_instead, Unprovable),
    Case(SENT_LAST, taken, Rejected),
    Case(SENT_LAST, gone, Unprovable),
    # The old name was not in the list, and the provider was asked all the same: nothing can be compared.
    Case(SENT_BLIND, nothing, "applied", 1),
    Case(SENT_BLIND, renamed, Unprovable),
    Case(SENT_BLIND, somebody_else_instead, Unprovable),
    Case(SENT_BLIND, taken, Rejected),
    Case(SENT_BLIND, gone, Rejected),
    Case(replace(SENT_BLIND, may_write=False), nothing, NotApplied),
    Case(replace(SENT_BLIND, may_write=False), renamed, Unprovable),
    Case(replace(SENT_BLIND, may_write=False), gone, Unprovable),
]


@pytest.mark.parametrize("case", CASES)
def test_a_renaming_ends_as_what_is_found_proves(stage: Stage, case: Case) -> None:
    case.found(stage.provider)
    before = set(stage.provider.customers)

    assert stage.end(RENAME, case.attempt) == case.ended

    assert stage.provider.changes == [RENAMED] * case.changes
    assert set(stage.provider.customers) == ({NEW_USERNAME} if case.changes else before)


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
def test_after_a_lost_answer_the_customer_is_renamed_once(
    stage: Stage, failure: ProviderError, *, applied: bool
) -> None:
    stage.provider.fail_next(failure, "ChangeUsername", applied=applied)

    assert stage.end(RENAME, FIRST) is type(failure)
    assert stage.end(RENAME, replace(BEGUN, note=note_of(stage))) == ("already_applied" if applied else "applied")

    assert stage.provider.changes == [RENAMED]
    assert list(stage.provider.customers) == [NEW_USERNAME]


def test_who_it_was_is_written_down_before_anything_is_written_to_the_provider(stage: Stage) -> None:
    stage.ledger.broken = True

    with pytest.raises(LedgerUnavailable):
        stage.handle(RENAME, FIRST)
    assert (stage.provider.calls, note_of(stage)) == ([f"find {USERNAME}"], None)


def test_nothing_personal_is_written_down(stage: Stage) -> None:
    stage.handle(RENAME, FIRST)

    assert re.fullmatch("[0-9a-f]{64}", note_of(stage) or "")


@pytest.mark.parametrize("field", ["email", "first_name", "last_name", "id"])
def test_each_lasting_field_distinguishes_one_customer_from_another(stage: Stage, field: str) -> None:
    stage.provider.unlisted.discard("id")
    stage.provider.lose_next_answer("ChangeUsername", applied=True)
    stage.end(RENAME, FIRST)
    sent = replace(BEGUN, note=note_of(stage))

    assert stage.end(RENAME, sent) == "already_applied"
    stage.provider.customers[NEW_USERNAME].fields[field] = "another"
    assert stage.end(RENAME, sent) is Unprovable


def test_a_list_that_reports_nothing_lasting_proves_nothing(stage: Stage) -> None:
    stage.provider.unlisted.update({"email", "first_name", "last_name"})
    stage.provider.lose_next_answer("ChangeUsername", applied=True)
    stage.end(RENAME, FIRST)

    assert stage.end(RENAME, replace(BEGUN, note=note_of(stage))) is Unprovable


def test_before_it_is_written_again_the_customer_is_written_down_as_it_is_now(stage: Stage) -> None:
    stage.provider.customers[USERNAME].fields["email"] = "new@example.com"
    stage.provider.lose_next_answer("ChangeUsername", applied=True)

    assert stage.end(RENAME, SENT) is OutcomeUnknown
    assert note_of(stage) not in {None, ADA}
    assert stage.end(RENAME, replace(BEGUN, note=note_of(stage))) == "already_applied"


def test_one_list_without_the_old_name_does_not_decide(stage: Stage) -> None:
    class Forgetful(FakeProvider):
        """Leaves everybody out of its list."""

        def find(self, username: str) -> None:
            """Find nobody."""
            super().find(username)

    stage.provider, forgetful = Forgetful(), stage.provider
    stage.provider.accounts = forgetful.accounts

    assert stage.end(RENAME, FIRST) == "applied"
    assert list(stage.provider.customers) == [NEW_USERNAME]


def test_a_renaming_applied_between_the_look_and_the_repeat_is_found(stage: Stage) -> None:
    late = LateProvider(RENAME, USERNAME)
    late.accounts, stage.provider = stage.provider.accounts, late

    assert stage.handle(RENAME, SENT) == Success(Outcome.ALREADY_APPLIED)
    assert [call for call in stage.provider.calls if "search" not in call] == [*LOOKS, RENAMED, *LOOKS]


@pytest.mark.parametrize("name", [USERNAME, NEW_USERNAME])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Rejected("no list for you")])
def test_a_look_that_fails_decides_nothing(stage: Stage, name: str, failure: ProviderError) -> None:
    renamed(stage.provider)
    stage.provider.fail_next(failure, f"find {name}")

    assert stage.end(RENAME, SENT) is OutcomeUnknown
    assert stage.end(RENAME, SENT_LAST) == "already_applied"


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Rejected("no list for you")])
def test_a_first_look_that_fails_makes_nothing_look_begun(stage: Stage, failure: ProviderError) -> None:
    stage.provider.fail_next(failure, "find")

    assert stage.end(RENAME, FIRST) is NotSent
    assert (stage.provider.changes, note_of(stage)) == ([], None)


def test_a_look_that_fails_hands_on_for_how_long_and_whether_all_are_to_wait(stage: Stage) -> None:
    down = OutcomeUnknown("503")
    down.retry_after_seconds, down.waits_for_all = 900.0, True
    stage.provider.fail_next(down, "find")

    with pytest.raises(NotSent) as raised:
        stage.handle(RENAME, FIRST)
    assert (raised.value.retry_after_seconds, raised.value.waits_for_all) == (900.0, True)


@pytest.mark.parametrize(("attempt", "nothing_written"), [(FIRST, True), (SENT, False)])
def test_a_throttled_look_stays_a_throttle_that_reports_whether_anything_was_written(
    stage: Stage, attempt: Attempt, *, nothing_written: bool
) -> None:
    stage.provider.fail_next(Throttled("slow down", 900.0), "find")

    with pytest.raises(Throttled) as throttled:
        stage.handle(RENAME, attempt)
    assert throttled.value.retry_after_seconds == 900.0
    assert throttled.value.nothing_written is nothing_written


def test_a_customer_that_is_nowhere_is_reported_as_an_alert(stage: Stage) -> None:
    gone(stage.provider)

    with pytest.raises(Unprovable, match="may be lost; look at the provider's account now"):
        stage.handle(RENAME, SENT)
    assert stage.provider.changes == []


def test_a_customer_that_vanishes_before_the_repeat_is_reported_as_an_alert(stage: Stage) -> None:
    vanishing = LateProvider(commands_about_ada()["DeleteCustomer"], USERNAME)
    vanishing.accounts, stage.provider = stage.provider.accounts, vanishing

    with pytest.raises(Unprovable, match="may be lost"):
        stage.handle(RENAME, SENT)


def test_the_event_reports_the_new_name(stage: Stage) -> None:
    assert stage.handle(RENAME, FIRST) == Success(Outcome.APPLIED)

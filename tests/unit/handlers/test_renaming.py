"""ChangeUsername: written once, and recognised afterwards by what stays with a customer when its name changes."""

import re
from dataclasses import replace

import pytest

from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import NEW_USERNAME, USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import Case, HandlerRig, LateProvider, gone, nothing
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
def rig() -> HandlerRig:
    return HandlerRig()


def renamed(provider: FakeProvider) -> None:
    provider.accounts.apply(RENAME)


def taken(provider: FakeProvider) -> None:
    provider.add(create_command(username=NEW_USERNAME, email="eve@example.com"))


def somebody_else_instead(provider: FakeProvider) -> None:
    gone(provider)
    taken(provider)


def taken_elsewhere(provider: FakeProvider) -> None:
    provider.taken_elsewhere.add(NEW_USERNAME)


def note_of(rig: HandlerRig) -> str | None:
    return rig.ledger.row(rig.token.key).history.note


def mark_of_ada() -> str:
    """What a first attempt writes down of Ada."""
    rig = HandlerRig()
    rig.handle(RENAME, FIRST)
    note = note_of(rig)
    assert note is not None
    return note


def mark_of_nobody() -> str:
    """What a first attempt writes down when it does not find Ada."""
    rig = HandlerRig()
    gone(rig.provider)
    assert rig.end(RENAME, FIRST) is Rejected
    note = note_of(rig)
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
def test_a_renaming_ends_as_what_is_found_proves(rig: HandlerRig, case: Case) -> None:
    case.found(rig.provider)
    before = set(rig.provider.customers)

    assert rig.end(RENAME, case.attempt) == case.ended

    assert rig.provider.changes == [RENAMED] * case.changes
    assert set(rig.provider.customers) == ({NEW_USERNAME} if case.changes else before)


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
def test_after_a_lost_answer_the_customer_is_renamed_once(
    rig: HandlerRig, failure: ProviderError, *, applied: bool
) -> None:
    rig.provider.fail_next(failure, "ChangeUsername", applied=applied)

    assert rig.end(RENAME, FIRST) is type(failure)
    assert rig.end(RENAME, replace(BEGUN, note=note_of(rig))) == ("already_applied" if applied else "applied")

    assert rig.provider.changes == [RENAMED]
    assert list(rig.provider.customers) == [NEW_USERNAME]


def test_who_it_was_is_written_down_before_anything_is_written_to_the_provider(rig: HandlerRig) -> None:
    rig.ledger.broken = True

    with pytest.raises(LedgerUnavailable):
        rig.handle(RENAME, FIRST)
    assert (rig.provider.calls, note_of(rig)) == ([f"find {USERNAME}"], None)


def test_nothing_personal_is_written_down(rig: HandlerRig) -> None:
    rig.handle(RENAME, FIRST)

    assert re.fullmatch("[0-9a-f]{64}", note_of(rig) or "")


@pytest.mark.parametrize("field", ["email", "first_name", "last_name", "id"])
def test_each_lasting_field_distinguishes_one_customer_from_another(rig: HandlerRig, field: str) -> None:
    rig.provider.unlisted.discard("id")
    rig.provider.lose_next_answer("ChangeUsername", applied=True)
    rig.end(RENAME, FIRST)
    sent = replace(BEGUN, note=note_of(rig))

    assert rig.end(RENAME, sent) == "already_applied"
    rig.provider.customers[NEW_USERNAME].fields[field] = "another"
    assert rig.end(RENAME, sent) is Unprovable


def test_a_list_that_reports_nothing_lasting_proves_nothing(rig: HandlerRig) -> None:
    rig.provider.unlisted.update({"email", "first_name", "last_name"})
    rig.provider.lose_next_answer("ChangeUsername", applied=True)
    rig.end(RENAME, FIRST)

    assert rig.end(RENAME, replace(BEGUN, note=note_of(rig))) is Unprovable


def test_before_it_is_written_again_the_customer_is_written_down_as_it_is_now(rig: HandlerRig) -> None:
    rig.provider.customers[USERNAME].fields["email"] = "new@example.com"
    rig.provider.lose_next_answer("ChangeUsername", applied=True)

    assert rig.end(RENAME, SENT) is OutcomeUnknown
    assert note_of(rig) not in {None, ADA}
    assert rig.end(RENAME, replace(BEGUN, note=note_of(rig))) == "already_applied"


def test_one_list_without_the_old_name_does_not_decide(rig: HandlerRig) -> None:
    class Forgetful(FakeProvider):
        """Leaves everybody out of its list."""

        def find(self, username: str) -> None:
            """Find nobody."""
            super().find(username)

    rig.provider, forgetful = Forgetful(), rig.provider
    rig.provider.accounts = forgetful.accounts

    assert rig.end(RENAME, FIRST) == "applied"
    assert list(rig.provider.customers) == [NEW_USERNAME]


def test_a_renaming_applied_between_the_look_and_the_repeat_is_found(rig: HandlerRig) -> None:
    late = LateProvider(RENAME, USERNAME)
    late.accounts, rig.provider = rig.provider.accounts, late

    assert rig.handle(RENAME, SENT) == Success(Outcome.ALREADY_APPLIED)
    assert [call for call in rig.provider.calls if "search" not in call] == [*LOOKS, RENAMED, *LOOKS]


@pytest.mark.parametrize("name", [USERNAME, NEW_USERNAME])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Rejected("no list for you")])
def test_a_look_that_fails_decides_nothing(rig: HandlerRig, name: str, failure: ProviderError) -> None:
    renamed(rig.provider)
    rig.provider.fail_next(failure, f"find {name}")

    assert rig.end(RENAME, SENT) is OutcomeUnknown
    assert rig.end(RENAME, SENT_LAST) == "already_applied"


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Rejected("no list for you")])
def test_a_first_look_that_fails_makes_nothing_look_begun(rig: HandlerRig, failure: ProviderError) -> None:
    rig.provider.fail_next(failure, "find")

    assert rig.end(RENAME, FIRST) is NotSent
    assert (rig.provider.changes, note_of(rig)) == ([], None)


def test_a_look_that_fails_hands_on_for_how_long_and_whether_all_are_to_wait(rig: HandlerRig) -> None:
    down = OutcomeUnknown("503")
    down.retry_after_seconds, down.waits_for_all = 900.0, True
    rig.provider.fail_next(down, "find")

    with pytest.raises(NotSent) as raised:
        rig.handle(RENAME, FIRST)
    assert (raised.value.retry_after_seconds, raised.value.waits_for_all) == (900.0, True)


@pytest.mark.parametrize(("attempt", "nothing_written"), [(FIRST, True), (SENT, False)])
def test_a_throttled_look_stays_a_throttle_that_reports_whether_anything_was_written(
    rig: HandlerRig, attempt: Attempt, *, nothing_written: bool
) -> None:
    rig.provider.fail_next(Throttled("slow down", 900.0), "find")

    with pytest.raises(Throttled) as throttled:
        rig.handle(RENAME, attempt)
    assert throttled.value.retry_after_seconds == 900.0
    assert throttled.value.nothing_written is nothing_written


def test_a_customer_that_is_nowhere_is_reported_as_an_alert(rig: HandlerRig) -> None:
    gone(rig.provider)

    with pytest.raises(Unprovable, match="may be lost; look at the provider's account now"):
        rig.handle(RENAME, SENT)
    assert rig.provider.changes == []


def test_a_customer_that_vanishes_before_the_repeat_is_reported_as_an_alert(rig: HandlerRig) -> None:
    vanishing = LateProvider(commands_about_ada()["DeleteCustomer"], USERNAME)
    vanishing.accounts, rig.provider = rig.provider.accounts, vanishing

    with pytest.raises(Unprovable, match="may be lost"):
        rig.handle(RENAME, SENT)


def test_the_event_reports_the_new_name(rig: HandlerRig) -> None:
    assert rig.handle(RENAME, FIRST) == Success(Outcome.APPLIED)

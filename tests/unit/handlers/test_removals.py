"""Commands that take something away: what a refusal of a repeat means, and what may be believed of it."""

from dataclasses import replace

import pytest

from messages.commands import Command, DeleteCustomer
from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.stage import Case, Ended, Prepare, Stage, gone, nothing
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import (
    LedgerUnavailable,
    NotApplied,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    RefusalHint,
    Rejected,
    Throttled,
    Unprovable,
    Unsupported,
)

SEARCHED = f"search username={USERNAME}"
DELETE, REMOVE = commands_about_ada()["DeleteCustomer"], commands_about_ada()["RemoveCredential"]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def deleted_and_listed(provider: FakeProvider) -> None:
    provider.accounts.deleted_stay_listed = True
    provider.accounts.apply(DELETE)


def refuses_deletes(provider: FakeProvider) -> None:
    provider.fail_next(Rejected("the provider refused: not now", ("not now",)), "DeleteCustomer")


def refuses_removals(provider: FakeProvider) -> None:
    provider.fail_next(Rejected("the provider refused: not now", ("not now",)), "RemoveCredential")


def without_the_credential(provider: FakeProvider) -> None:
    provider.customers[USERNAME].credentials.clear()


NOTED = replace(FIRST, note="listed")
SENT = replace(BEGUN, note="listed")
SENT_LAST = replace(LAST_LOOK, note="listed")
SENT_TO_NOBODY = replace(BEGUN, note="absent")
SENT_UNCLEAR = replace(BEGUN, note="unclear")


DELETES = [
    Case(FIRST, nothing, "applied", 1),
    Case(FIRST, gone, Rejected),
    Case(FIRST, deleted_and_listed, Rejected),
    Case(FIRST, refuses_deletes, Rejected),
    Case(NOTED, gone, Rejected),
    Case(UNREMEMBERED, nothing, "applied", 1),
    Case(UNREMEMBERED, gone, Unprovable),
    Case(UNREMEMBERED, deleted_and_listed, Unprovable),
    Case(UNREMEMBERED, refuses_deletes, Unprovable),
    # Begun without a note: it crashed before it wrote anything, so what is found is not its work.
    Case(BEGUN, nothing, "applied", 1),
    Case(BEGUN, gone, Rejected),
    Case(BEGUN, refuses_deletes, Rejected),
    Case(LAST_LOOK, nothing, NotApplied),
    Case(LAST_LOOK, gone, NotApplied),
    Case(SENT, nothing, "applied", 1),
    Case(SENT, gone, "already_applied"),
    Case(SENT, deleted_and_listed, Unprovable),
    Case(SENT, refuses_deletes, Unprovable),
    Case(SENT_LAST, nothing, Unprovable),
    Case(SENT_LAST, gone, "already_applied"),
    # Nobody of that name was listed when it was first sent.
    Case(SENT_TO_NOBODY, nothing, "applied", 1),
    Case(SENT_TO_NOBODY, gone, Rejected),
    Case(SENT_TO_NOBODY, refuses_deletes, Unprovable),
    Case(replace(SENT_TO_NOBODY, may_write=False), nothing, Unprovable),
    Case(replace(SENT_TO_NOBODY, may_write=False), gone, NotApplied),
    # Nor then, but earlier attempts are forgotten.
    Case(SENT_UNCLEAR, nothing, "applied", 1),
    Case(SENT_UNCLEAR, gone, Unprovable),
    Case(replace(SENT_UNCLEAR, may_write=False), gone, Unprovable),
]
REMOVALS = [
    Case(FIRST, nothing, "applied", 1),
    Case(FIRST, without_the_credential, Rejected),
    Case(FIRST, gone, Rejected),
    Case(UNREMEMBERED, nothing, "applied", 1),
    Case(UNREMEMBERED, without_the_credential, Unprovable),
    Case(BEGUN, nothing, "applied", 1),
    Case(BEGUN, without_the_credential, "already_applied"),
    Case(BEGUN, gone, Unprovable),
    Case(BEGUN, refuses_removals, Unprovable),
    Case(LAST_LOOK, nothing, Unprovable),
    Case(LAST_LOOK, without_the_credential, Unprovable),
]


@pytest.mark.parametrize("case", DELETES)
def test_a_delete_ends_as_what_is_found_proves(stage: Stage, case: Case) -> None:
    case.found(stage.provider)

    assert stage.end(DELETE, case.attempt) == case.ended

    assert len(stage.provider.changes) == case.changes
    refused = case.found is refuses_deletes
    still_there = refused or (not case.attempt.may_write and case.found is nothing)
    assert (USERNAME in stage.provider.customers) is still_there


@pytest.mark.parametrize("case", REMOVALS)
def test_a_removal_ends_as_what_is_found_proves(stage: Stage, case: Case) -> None:
    case.found(stage.provider)

    assert stage.end(REMOVE, case.attempt) == case.ended
    assert len(stage.provider.changes) == case.changes


def note_of(stage: Stage) -> str | None:
    return stage.ledger.row(stage.token.key).history.note


@pytest.mark.parametrize("command", [DELETE, REMOVE])
@pytest.mark.parametrize("applied", [True, False])
def test_after_a_lost_answer_it_is_gone_once(stage: Stage, command: Command, *, applied: bool) -> None:
    stage.provider.lose_next_answer(type(command).__name__, applied=applied)

    assert stage.end(command, FIRST) is OutcomeUnknown
    assert stage.end(command, replace(BEGUN, note=note_of(stage))) == ("already_applied" if applied else "applied")
    assert len(stage.provider.changes) == 1


def test_what_is_listed_in_another_case_is_not_gone(stage: Stage) -> None:
    shouted = DeleteCustomer(username=USERNAME.upper())
    refuses_deletes(stage.provider)

    assert stage.end(shouted, SENT) is Unprovable
    assert stage.end(shouted, SENT_LAST) is Unprovable


def test_a_name_within_another_s_is_not_that_one_s(stage: Stage) -> None:
    gone(stage.provider)
    stage.provider.add(create_command(username=f"x{USERNAME}"))

    assert stage.end(DELETE, SENT) == "already_applied"
    assert stage.end(REMOVE, BEGUN) is Unprovable


def test_a_first_delete_of_nobody_says_that_there_is_nothing_to_delete(stage: Stage) -> None:
    gone(stage.provider)

    with pytest.raises(Rejected, match="nothing to delete") as raised:
        stage.handle(DELETE, FIRST)
    assert (raised.value.errors, raised.value.hint) == (("User not found",), RefusalHint.NOT_FOUND)
    assert stage.provider.calls == [SEARCHED, f"DeleteCustomer {USERNAME}"]


@pytest.mark.parametrize(
    ("attempt", "found", "note"),
    [
        (FIRST, nothing, "listed"),
        (FIRST, gone, "absent"),
        (UNREMEMBERED, nothing, "listed"),
        (UNREMEMBERED, gone, "unclear"),
        (BEGUN, gone, "absent"),
    ],
)
def test_whether_it_is_listed_is_written_down_before_the_first_write(
    stage: Stage, attempt: Attempt, found: Prepare, note: str
) -> None:
    found(stage.provider)
    stage.provider.lose_next_answer("DeleteCustomer", applied=False)

    assert stage.end(DELETE, attempt) is OutcomeUnknown
    assert (note_of(stage), stage.provider.calls) == (note, [SEARCHED, f"DeleteCustomer {USERNAME}"])


def test_what_is_written_down_once_is_not_looked_for_again(stage: Stage) -> None:
    assert stage.end(DELETE, SENT_TO_NOBODY) == "applied"
    assert (note_of(stage), stage.provider.calls) == (None, [f"DeleteCustomer {USERNAME}"])


def test_nothing_is_deleted_that_cannot_be_written_down(stage: Stage) -> None:
    stage.ledger.broken = True

    with pytest.raises(LedgerUnavailable):
        stage.handle(DELETE, FIRST)
    assert stage.provider.calls == [SEARCHED]


@pytest.mark.parametrize(
    ("failure", "ended"),
    [(OutcomeUnknown("reset"), NotSent), (Rejected("no"), NotSent), (Throttled("slow down"), Throttled)],
)
def test_a_first_look_that_fails_makes_nothing_look_begun(stage: Stage, failure: ProviderError, ended: Ended) -> None:
    stage.provider.fail_next(failure, "search")

    assert stage.end(DELETE, FIRST) is ended
    assert (stage.provider.changes, note_of(stage)) == ([], None)


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
def test_a_name_that_never_existed_is_never_reported_as_deleted(stage: Stage, failure: ProviderError) -> None:
    gone(stage.provider)
    stage.provider.fail_next(failure, "DeleteCustomer")

    assert stage.end(DELETE, FIRST) is type(failure)
    with pytest.raises(Rejected, match="nothing to delete"):
        stage.handle(DELETE, replace(BEGUN, note=note_of(stage)))
    with pytest.raises(NotApplied, match="was never in the provider's list"):
        stage.handle(DELETE, replace(LAST_LOOK, note=note_of(stage)))


@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_what_the_login_cannot_do_at_all_is_refused_without_a_look(stage: Stage, attempt: Attempt) -> None:
    stage.provider.fail_next(Unsupported("not in this edition"))

    assert stage.end(REMOVE, attempt) is Unsupported
    assert len(stage.provider.calls) == 1


def test_a_delete_refused_for_another_reason_is_refused_in_the_provider_s_words(stage: Stage) -> None:
    refuses_deletes(stage.provider)

    with pytest.raises(Rejected, match=r"^the provider refused: not now$"):
        stage.handle(DELETE, FIRST)


@pytest.mark.parametrize("command", [DELETE, REMOVE])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down"), Rejected("no list for you")])
def test_a_look_that_fails_decides_nothing(stage: Stage, command: Command, failure: ProviderError) -> None:
    without_the_credential(stage.provider) if command is REMOVE else gone(stage.provider)
    stage.provider.fail_next(failure, "search")

    assert stage.end(command, SENT) is (Throttled if isinstance(failure, Throttled) else OutcomeUnknown)
    assert stage.end(command, SENT) == "already_applied"


def test_a_list_that_cannot_be_read_is_no_proof_that_nobody_is_left(stage: Stage) -> None:
    stage.provider.fail_next(Rejected("no list for you"), "search")

    assert stage.end(DELETE, SENT_LAST) is OutcomeUnknown


@pytest.mark.parametrize(("attempt", "outcome"), [(FIRST, Outcome.APPLIED), (BEGUN, Outcome.ALREADY_APPLIED)])
def test_the_event_of_a_removal_names_the_credential(stage: Stage, attempt: Attempt, outcome: Outcome) -> None:
    if attempt is BEGUN:
        without_the_credential(stage.provider)

    assert stage.handle(REMOVE, attempt) == Success(outcome)

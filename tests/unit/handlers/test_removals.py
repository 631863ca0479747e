"""Commands that take something away: what a refusal of a repeat means, and what may be believed of it."""

from dataclasses import dataclass

import pytest

from messages.commands import Command, DeleteCustomer
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.stage import Ended, Prepare, Stage, gone, nothing
from worker.domain.results import Outcome, Success
from worker.domain.work import Attempt
from worker.errors import (
    NotSent,
    OutcomeUnknown,
    ProviderError,
    RefusalHint,
    Rejected,
    Throttled,
    Unprovable,
)

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


@dataclass(frozen=True)
class Case:
    """A try, what it finds, how it ends, and how many changes it makes."""

    attempt: Attempt
    found: Prepare
    ended: Ended
    changes: int = 0


DELETES = [
    Case(FIRST, nothing, "applied", 1),
    Case(FIRST, gone, Rejected),
    Case(FIRST, deleted_and_listed, Rejected),
    Case(FIRST, refuses_deletes, Rejected),
    Case(UNREMEMBERED, nothing, "applied", 1),
    Case(UNREMEMBERED, gone, Unprovable),
    Case(UNREMEMBERED, deleted_and_listed, Unprovable),
    Case(UNREMEMBERED, refuses_deletes, Unprovable),
    Case(BEGUN, nothing, "applied", 1),
    Case(BEGUN, gone, "already_applied"),
    Case(BEGUN, deleted_and_listed, Unprovable),
    Case(BEGUN, refuses_deletes, Unprovable),
    Case(LAST_LOOK, nothing, Unprovable),
    Case(LAST_LOOK, gone, "already_applied"),
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
    still_there = refused or (case.attempt is LAST_LOOK and case.found is nothing)
    assert (USERNAME in stage.provider.customers) is still_there


@pytest.mark.parametrize("case", REMOVALS)
def test_a_removal_ends_as_what_is_found_proves(stage: Stage, case: Case) -> None:
    case.found(stage.provider)

    assert stage.end(REMOVE, case.attempt) == case.ended
    assert len(stage.provider.changes) == case.changes


@pytest.mark.parametrize("command", [DELETE, REMOVE])
@pytest.mark.parametrize("applied", [True, False])
def test_after_a_lost_answer_it_is_gone_once(stage: Stage, command: Command, *, applied: bool) -> None:
    stage.provider.lose_next_answer(applied=applied)

    assert stage.end(command, FIRST) is OutcomeUnknown
    assert stage.end(command, BEGUN) == ("already_applied" if applied else "applied")
    assert len(stage.provider.changes) == 1


def test_what_is_listed_in_another_case_is_not_gone(stage: Stage) -> None:
    shouted = DeleteCustomer(username=USERNAME.upper())
    refuses_deletes(stage.provider)

    assert stage.end(shouted, BEGUN) is Unprovable
    assert stage.end(shouted, LAST_LOOK) is Unprovable


def test_a_name_within_another_s_is_not_that_one_s(stage: Stage) -> None:
    gone(stage.provider)
    stage.provider.add(create_command(username=f"x{USERNAME}"))

    assert stage.end(DELETE, BEGUN) == "already_applied"
    assert stage.end(REMOVE, BEGUN) is Unprovable


def test_a_first_delete_of_nobody_says_that_there_is_nothing_to_delete(stage: Stage) -> None:
    gone(stage.provider)

    with pytest.raises(Rejected, match="nothing to delete") as raised:
        stage.handle(DELETE, FIRST)
    assert (raised.value.errors, raised.value.hint) == (("User not found",), RefusalHint.NOT_FOUND)
    assert stage.provider.calls == [f"DeleteCustomer {USERNAME}"]


def test_a_delete_refused_for_another_reason_is_refused_in_the_provider_s_words(stage: Stage) -> None:
    refuses_deletes(stage.provider)

    with pytest.raises(Rejected, match=r"^the provider refused: not now$"):
        stage.handle(DELETE, FIRST)


@pytest.mark.parametrize("command", [DELETE, REMOVE])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down"), Rejected("no list for you")])
def test_a_look_that_fails_decides_nothing(stage: Stage, command: Command, failure: ProviderError) -> None:
    without_the_credential(stage.provider) if command is REMOVE else gone(stage.provider)
    stage.provider.fail_next(failure, "search")

    assert stage.end(command, BEGUN) is (Throttled if isinstance(failure, Throttled) else OutcomeUnknown)
    assert stage.end(command, BEGUN) == "already_applied"


def test_a_look_that_fails_makes_no_delete_look_begun(stage: Stage) -> None:
    gone(stage.provider)
    stage.provider.fail_next(OutcomeUnknown("reset"), "search")

    assert stage.end(DELETE, UNREMEMBERED) is NotSent


def test_a_list_that_cannot_be_read_is_no_proof_that_nobody_is_left(stage: Stage) -> None:
    stage.provider.fail_next(Rejected("no list for you"), "search")

    assert stage.end(DELETE, LAST_LOOK) is OutcomeUnknown


@pytest.mark.parametrize(("attempt", "outcome"), [(FIRST, Outcome.APPLIED), (BEGUN, Outcome.ALREADY_APPLIED)])
def test_the_event_of_a_removal_names_the_credential(stage: Stage, attempt: Attempt, outcome: Outcome) -> None:
    if attempt is BEGUN:
        without_the_credential(stage.provider)

    assert stage.handle(REMOVE, attempt) == Success(outcome, {"credential_name": "mailer"})

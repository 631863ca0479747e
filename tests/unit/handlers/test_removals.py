"""Commands that take something away: what a refusal of a repeat means, and what may be believed of it."""

from dataclasses import replace

import pytest

from messages.commands import Command, DeleteCustomer
from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import Case, Ended, HandlerRig, Prepare, gone, nothing
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
def rig() -> HandlerRig:
    return HandlerRig()


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
def test_a_delete_ends_as_what_is_found_proves(rig: HandlerRig, case: Case) -> None:
    case.found(rig.provider)

    assert rig.end(DELETE, case.attempt) == case.ended

    assert len(rig.provider.changes) == case.changes
    refused = case.found is refuses_deletes
    still_there = refused or (not case.attempt.may_write and case.found is nothing)
    assert (USERNAME in rig.provider.customers) is still_there


@pytest.mark.parametrize("case", REMOVALS)
def test_a_removal_ends_as_what_is_found_proves(rig: HandlerRig, case: Case) -> None:
    case.found(rig.provider)

    assert rig.end(REMOVE, case.attempt) == case.ended
    assert len(rig.provider.changes) == case.changes


def note_of(rig: HandlerRig) -> str | None:
    return rig.ledger.row(rig.token.key).history.note


@pytest.mark.parametrize("command", [DELETE, REMOVE])
@pytest.mark.parametrize("applied", [True, False])
def test_after_a_lost_answer_it_is_gone_once(rig: HandlerRig, command: Command, *, applied: bool) -> None:
    rig.provider.lose_next_answer(type(command).__name__, applied=applied)

    assert rig.end(command, FIRST) is OutcomeUnknown
    assert rig.end(command, replace(BEGUN, note=note_of(rig))) == ("already_applied" if applied else "applied")
    assert len(rig.provider.changes) == 1


def test_what_is_listed_in_another_case_is_not_gone(rig: HandlerRig) -> None:
    shouted = DeleteCustomer(username=USERNAME.upper())
    refuses_deletes(rig.provider)

    assert rig.end(shouted, SENT) is Unprovable
    assert rig.end(shouted, SENT_LAST) is Unprovable


def test_a_name_within_another_s_is_not_that_one_s(rig: HandlerRig) -> None:
    gone(rig.provider)
    rig.provider.add(create_command(username=f"x{USERNAME}"))

    assert rig.end(DELETE, SENT) == "already_applied"
    assert rig.end(REMOVE, BEGUN) is Unprovable


def test_a_first_delete_of_nobody_says_that_there_is_nothing_to_delete(rig: HandlerRig) -> None:
    gone(rig.provider)

    with pytest.raises(Rejected, match="nothing to delete") as raised:
        rig.handle(DELETE, FIRST)
    assert (raised.value.errors, raised.value.hint) == (("User not found",), RefusalHint.NOT_FOUND)
    assert rig.provider.calls == [SEARCHED, f"DeleteCustomer {USERNAME}"]


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
    rig: HandlerRig, attempt: Attempt, found: Prepare, note: str
) -> None:
    found(rig.provider)
    rig.provider.lose_next_answer("DeleteCustomer", applied=False)

    assert rig.end(DELETE, attempt) is OutcomeUnknown
    assert (note_of(rig), rig.provider.calls) == (note, [SEARCHED, f"DeleteCustomer {USERNAME}"])


def test_what_is_written_down_once_is_not_looked_for_again(rig: HandlerRig) -> None:
    assert rig.end(DELETE, SENT_TO_NOBODY) == "applied"
    assert (note_of(rig), rig.provider.calls) == (None, [f"DeleteCustomer {USERNAME}"])


def test_nothing_is_deleted_that_cannot_be_written_down(rig: HandlerRig) -> None:
    rig.ledger.broken = True

    with pytest.raises(LedgerUnavailable):
        rig.handle(DELETE, FIRST)
    assert rig.provider.calls == [SEARCHED]


@pytest.mark.parametrize(
    ("failure", "ended"),
    [(OutcomeUnknown("reset"), NotSent), (Rejected("no"), NotSent), (Throttled("slow down"), Throttled)],
)
def test_a_first_look_that_fails_leaves_nothing_begun(rig: HandlerRig, failure: ProviderError, ended: Ended) -> None:
    rig.provider.fail_next(failure, "search")

    assert rig.end(DELETE, FIRST) is ended
    assert (rig.provider.changes, note_of(rig)) == ([], None)


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
def test_a_name_that_never_existed_is_never_reported_as_deleted(rig: HandlerRig, failure: ProviderError) -> None:
    gone(rig.provider)
    rig.provider.fail_next(failure, "DeleteCustomer")

    assert rig.end(DELETE, FIRST) is type(failure)
    with pytest.raises(Rejected, match="nothing to delete"):
        rig.handle(DELETE, replace(BEGUN, note=note_of(rig)))
    with pytest.raises(NotApplied, match="was never in the provider's list"):
        rig.handle(DELETE, replace(LAST_LOOK, note=note_of(rig)))


@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_what_the_login_cannot_do_at_all_is_refused_without_a_look(rig: HandlerRig, attempt: Attempt) -> None:
    rig.provider.fail_next(Unsupported("not in this edition"))

    assert rig.end(REMOVE, attempt) is Unsupported
    assert len(rig.provider.calls) == 1


def test_a_delete_refused_for_another_reason_is_refused_in_the_provider_s_words(rig: HandlerRig) -> None:
    refuses_deletes(rig.provider)

    with pytest.raises(Rejected, match=r"^the provider refused: not now$"):
        rig.handle(DELETE, FIRST)


@pytest.mark.parametrize("command", [DELETE, REMOVE])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down"), Rejected("no list for you")])
def test_a_look_that_fails_decides_nothing(rig: HandlerRig, command: Command, failure: ProviderError) -> None:
    without_the_credential(rig.provider) if command is REMOVE else gone(rig.provider)
    rig.provider.fail_next(failure, "search")

    assert rig.end(command, SENT) is (Throttled if isinstance(failure, Throttled) else OutcomeUnknown)
    assert rig.end(command, SENT) == "already_applied"


def test_a_list_that_cannot_be_read_is_no_proof_that_nobody_is_left(rig: HandlerRig) -> None:
    rig.provider.fail_next(Rejected("no list for you"), "search")

    assert rig.end(DELETE, SENT_LAST) is OutcomeUnknown


@pytest.mark.parametrize(("attempt", "outcome"), [(FIRST, Outcome.APPLIED), (BEGUN, Outcome.ALREADY_APPLIED)])
def test_the_event_of_a_removal_names_the_credential(rig: HandlerRig, attempt: Attempt, outcome: Outcome) -> None:
    if attempt is BEGUN:
        without_the_credential(rig.provider)

    assert rig.handle(REMOVE, attempt) == Success(outcome)

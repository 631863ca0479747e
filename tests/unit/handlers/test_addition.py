"""AddCredential: after a refusal of a repeat, setting the password shows whose it is, and makes it right."""

from dataclasses import dataclass

import pytest

from messages.results import Outcome
from tests.fakes.provider import FakeProvider
from tests.support.ledger_samples import asking, success, token_of
from tests.support.work_samples import NEW_USERNAME, PASSWORD, USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import Ended, HandlerRig, Prepare, gone
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import OutcomeUnknown, Rejected, Throttled, Unprovable, Unsupported

ADD = commands_about_ada()["AddCredential"]
SOMEBODY_S = "somebody else's"


def free(provider: FakeProvider) -> None:
    provider.customers[USERNAME].credentials.clear()


def added(provider: FakeProvider) -> None:
    provider.customers[USERNAME].credentials["mailer"] = PASSWORD


def added_with_another_password(provider: FakeProvider) -> None:
    provider.customers[USERNAME].credentials["mailer"] = "the old one"


def somebody_s(provider: FakeProvider) -> None:
    free(provider)
    provider.add(create_command(username=NEW_USERNAME))
    provider.customers[NEW_USERNAME].credentials["mailer"] = SOMEBODY_S


@dataclass(frozen=True)
class Case:
    """An attempt, what it finds, how it ends, and the changes it makes."""

    attempt: Attempt
    found: Prepare
    ended: Ended
    changes: tuple[str, ...] = ()


CASES = [
    Case(FIRST, free, "applied", ("AddCredential",)),
    Case(FIRST, added, Rejected),
    Case(FIRST, added_with_another_password, Rejected),
    Case(FIRST, somebody_s, Rejected),
    Case(UNREMEMBERED, free, "applied", ("AddCredential",)),
    Case(UNREMEMBERED, added, Unprovable),
    Case(UNREMEMBERED, somebody_s, Unprovable),
    Case(BEGUN, free, "applied", ("AddCredential",)),
    Case(BEGUN, added, "already_applied"),
    Case(BEGUN, added_with_another_password, "already_applied", ("RotateCredential",)),
    Case(BEGUN, somebody_s, Rejected),
    Case(BEGUN, gone, Rejected),
    Case(LAST_LOOK, added, Unprovable),
    Case(LAST_LOOK, free, Unprovable),
]


@pytest.fixture
def rig() -> HandlerRig:
    return HandlerRig()


@pytest.mark.parametrize("case", CASES)
def test_an_addition_ends_as_what_is_found_proves(rig: HandlerRig, case: Case) -> None:
    case.found(rig.provider)

    ended = rig.end(ADD, case.attempt)

    assert ended == case.ended
    assert rig.provider.changes == [f"{change} {USERNAME}" for change in case.changes]
    if isinstance(ended, str):
        assert rig.provider.customers[USERNAME].credentials == {"mailer": PASSWORD}
    if case.found is somebody_s:
        assert rig.provider.customers[NEW_USERNAME].credentials == {"mailer": SOMEBODY_S}


@pytest.mark.parametrize("applied", [True, False])
def test_after_a_lost_answer_the_credential_is_there_once_with_its_password(rig: HandlerRig, *, applied: bool) -> None:
    free(rig.provider)
    rig.provider.lose_next_answer(applied=applied)

    assert rig.end(ADD, FIRST) is OutcomeUnknown
    assert rig.end(ADD, BEGUN) == ("already_applied" if applied else "applied")

    assert rig.provider.changes == [f"AddCredential {USERNAME}"]
    assert rig.provider.customers[USERNAME].credentials == {"mailer": PASSWORD}


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
def test_a_proof_that_is_not_answered_is_asked_for_again(rig: HandlerRig, failure: OutcomeUnknown | Throttled) -> None:
    added(rig.provider)
    rig.provider.fail_next(failure, "RotateCredential")

    assert rig.end(ADD, BEGUN) is type(failure)
    assert rig.end(ADD, BEGUN) == "already_applied"


def test_a_password_that_a_later_command_may_have_given_it_is_not_undone(rig: HandlerRig) -> None:
    added_with_another_password(rig.provider)
    later = asking("evt_2", username=USERNAME, type_="RotateCredential")
    rig.ledger.record(token_of(rig.ledger.claim(later)), success())

    with pytest.raises(Unprovable, match="a later command about this customer has been applied") as raised:
        rig.handle(ADD, BEGUN)
    assert raised.value.errors == ("taken",)
    assert rig.provider.calls == [f"AddCredential {USERNAME}"]
    assert rig.provider.customers[USERNAME].credentials == {"mailer": "the old one"}


@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_what_the_login_cannot_do_at_all_is_refused_without_a_proof(rig: HandlerRig, attempt: Attempt) -> None:
    rig.provider.fail_next(Unsupported("not in this edition"))

    assert rig.end(ADD, attempt) is Unsupported
    assert len(rig.provider.calls) == 1


def test_a_name_that_is_somebody_else_s_is_refused_in_the_words_of_both_answers(rig: HandlerRig) -> None:
    somebody_s(rig.provider)

    with pytest.raises(Rejected, match=r"none of ada@example\.com's own: .*taken; .*no such credential") as raised:
        rig.handle(ADD, BEGUN)
    assert raised.value.errors == ("taken", "no such credential")
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize(("found", "attempt"), [(free, FIRST), (added, BEGUN)])
def test_the_event_names_the_credential(rig: HandlerRig, found: Prepare, attempt: Attempt) -> None:
    found(rig.provider)
    outcome = Outcome.APPLIED if attempt is FIRST else Outcome.ALREADY_APPLIED

    assert rig.handle(ADD, attempt) == Success(outcome)

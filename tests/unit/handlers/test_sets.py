"""Commands that set a value: repeated as they are, and looked at once no attempts are left."""

import pytest

from messages.commands import Command, UpdateProfile
from messages.results import Outcome
from tests.support.ready_provider import provider_ready_for
from tests.support.work_samples import PASSWORD, USERNAME
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import Ended, HandlerRig, gone
from tests.unit.handlers.readable_settings import ADA, READABLE, Setting
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import NotApplied, OutcomeUnknown, Rejected, Unprovable

PASSWORDS = [ADA["ChangePassword"], ADA["RotateCredential"]]
SETS = [*(setting.command for setting in READABLE), *PASSWORDS]


@pytest.fixture
def rig() -> HandlerRig:
    return HandlerRig()


def password_of(rig: HandlerRig, command: Command) -> str:
    customer = rig.provider.customers[USERNAME]
    return customer.password if command is ADA["ChangePassword"] else customer.credentials["mailer"]


@pytest.mark.parametrize("setting", READABLE)
@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_a_value_is_set_and_nothing_else_changes(rig: HandlerRig, attempt: Attempt, setting: Setting) -> None:
    fields = rig.provider.customers[USERNAME].fields
    fields[setting.field] = setting.before
    expected = {**fields, setting.field: setting.after}

    assert [rig.end(setting.command, attempt) for _ in range(2)] == ["applied", "applied"]

    assert rig.provider.customers[USERNAME].fields == expected
    assert rig.provider.changes == [f"{type(setting.command).__name__} {USERNAME}"]


@pytest.mark.parametrize("command", PASSWORDS)
@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_a_password_is_set_also_once_more(rig: HandlerRig, attempt: Attempt, command: Command) -> None:
    assert [rig.end(command, attempt) for _ in range(2)] == ["applied", "applied"]

    assert password_of(rig, command) == PASSWORD
    assert len(rig.provider.changes) == 1


@pytest.mark.parametrize("command", SETS)
def test_a_first_attempt_that_is_refused_is_refused(rig: HandlerRig, command: Command) -> None:
    gone(rig.provider)

    assert rig.end(command, FIRST) is Rejected
    assert len(rig.provider.calls) == 1


@pytest.mark.parametrize("command", SETS)
@pytest.mark.parametrize("applied", [True, False])
def test_after_a_lost_answer_the_repeat_leaves_what_was_asked_for(command: Command, *, applied: bool) -> None:
    rig = HandlerRig(provider_ready_for(command))
    rig.provider.lose_next_answer(applied=applied)

    assert rig.end(command, FIRST) is OutcomeUnknown
    assert rig.end(command, BEGUN) == "applied"

    assert rig.provider.changes == [f"{type(command).__name__} {USERNAME}"]
    assert not rig.provider.accounts.apply(command)


@pytest.mark.parametrize(
    ("listed", "ended"),
    [("as asked", "already_applied"), ("as before", NotApplied), ("unlisted", Unprovable), ("gone", NotApplied)],
)
@pytest.mark.parametrize("setting", READABLE)
def test_the_last_look_believes_only_what_it_can_read(
    rig: HandlerRig, setting: Setting, listed: str, ended: Ended
) -> None:
    provider = rig.provider
    provider.unlisted.discard("website_access")
    provider.customers[USERNAME].fields[setting.field] = setting.before if listed == "as before" else setting.after
    if listed == "unlisted":
        provider.unlisted.add(setting.field)
    if listed == "gone":
        gone(provider)

    assert rig.end(setting.command, LAST_LOOK) == ended
    assert (provider.calls, provider.changes) == ([f"search username={USERNAME}"], [])


def test_website_access_is_left_out_of_the_documented_list_and_so_cannot_be_proven(rig: HandlerRig) -> None:
    with pytest.raises(Unprovable, match="website_access"):
        rig.handle(ADA["DisableWebsiteAccess"], LAST_LOOK)


@pytest.mark.parametrize("flag", ["", "0", "False"])
def test_a_flag_that_says_neither_true_nor_false_says_nothing(rig: HandlerRig, flag: str) -> None:
    rig.provider.customers[USERNAME].fields["active"] = flag

    assert rig.end(ADA["DisableCustomer"], LAST_LOOK) is Unprovable


@pytest.mark.parametrize(
    ("wanted", "ended"),
    [
        ({"city": "London", "zip": "NW1"}, "already_applied"),
        ({"city": "London", "zip": "W1"}, NotApplied),
        ({"city": "London", "company": "Analytical Engines"}, Unprovable),
        ({"company": "Analytical Engines"}, Unprovable),
        ({"city": "Paris", "company": "Analytical Engines"}, NotApplied),
    ],
)
def test_a_profile_is_proven_by_all_of_its_fields_and_refuted_by_one(
    rig: HandlerRig, wanted: dict[str, str], ended: Ended
) -> None:
    command = UpdateProfile.model_validate({"username": USERNAME, **wanted})

    assert rig.end(command, LAST_LOOK) == ended


@pytest.mark.parametrize("command", PASSWORDS)
def test_whether_a_password_was_set_cannot_be_read(rig: HandlerRig, command: Command) -> None:
    with pytest.raises(Unprovable, match="does no harm") as raised:
        rig.handle(command, LAST_LOOK)

    assert rig.provider.calls == []
    assert PASSWORD not in str(raised.value)


def test_an_email_found_changed_is_reported_too(rig: HandlerRig) -> None:
    rig.provider.accounts.apply(ADA["ChangeEmail"])

    assert rig.handle(ADA["ChangeEmail"], LAST_LOOK) == Success(Outcome.ALREADY_APPLIED)

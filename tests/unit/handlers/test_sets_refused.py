"""Commands that set a value, refused after an earlier attempt may have set it: what the list shows decides."""

import pytest

from messages.commands import Command, UpdateProfile
from tests.support.work_samples import PASSWORD, USERNAME, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import Ended, HandlerRig, gone
from tests.unit.handlers.readable_settings import ADA, READABLE, Setting
from worker.domain.work import Attempt
from worker.errors import NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unprovable, Unsupported

SETS = [*(setting.command for setting in READABLE), ADA["ChangePassword"], ADA["RotateCredential"]]
NOT_NOW = "the provider refused: not now"


@pytest.fixture
def rig() -> HandlerRig:
    return HandlerRig()


def refuse(rig: HandlerRig, command: Command) -> None:
    rig.provider.fail_next(Rejected(NOT_NOW, ("not now",)), type(command).__name__)


@pytest.mark.parametrize("command", SETS)
@pytest.mark.parametrize("attempt", [BEGUN, UNREMEMBERED])
def test_a_refusal_stands_when_nobody_goes_by_the_name(rig: HandlerRig, attempt: Attempt, command: Command) -> None:
    gone(rig.provider)
    rig.provider.add(create_command(username=f"x{USERNAME}"))

    assert rig.end(command, attempt) is Rejected
    assert rig.provider.calls[1:] == [f"search username={USERNAME}"]


@pytest.mark.parametrize(
    ("attempt", "found", "ended"),
    [
        (BEGUN, "as asked", "already_applied"),
        (BEGUN, "as before", Rejected),
        (BEGUN, "unlisted", Unprovable),
        (UNREMEMBERED, "as asked", Unprovable),
        (UNREMEMBERED, "as before", Rejected),
        (UNREMEMBERED, "unlisted", Unprovable),
        (FIRST, "as asked", Rejected),
    ],
)
@pytest.mark.parametrize("setting", READABLE)
def test_a_refused_repeat_ends_as_what_is_listed_proves(
    rig: HandlerRig, setting: Setting, attempt: Attempt, found: str, ended: Ended
) -> None:
    provider = rig.provider
    provider.unlisted.discard("website_access")
    provider.customers[USERNAME].fields[setting.field] = setting.before if found == "as before" else setting.after
    if found == "unlisted":
        provider.unlisted.add(setting.field)
    refuse(rig, setting.command)

    assert rig.end(setting.command, attempt) == ended
    assert provider.changes == []


@pytest.mark.parametrize(
    ("wanted", "ended"),
    [
        ({"city": "London", "zip": "NW1"}, "already_applied"),
        ({"city": "London", "company": "Analytical Engines"}, Unprovable),
        ({"company": "Analytical Engines"}, Unprovable),
        ({"city": "Paris", "company": "Analytical Engines"}, Rejected),
    ],
)
def test_a_refused_profile_is_proven_by_all_of_its_fields_and_refuted_by_one(
    rig: HandlerRig, wanted: dict[str, str], ended: Ended
) -> None:
    command = UpdateProfile.model_validate({"username": USERNAME, **wanted})
    refuse(rig, command)

    assert rig.end(command, BEGUN) == ended


@pytest.mark.parametrize("command", SETS)
@pytest.mark.parametrize("attempt", [BEGUN, UNREMEMBERED])
def test_what_cannot_be_read_after_a_refusal_is_reported_to_be_safe_to_replay(
    rig: HandlerRig, attempt: Attempt, command: Command
) -> None:
    rig.provider.unlisted.update({"active", "city", "email"})
    refuse(rig, command)

    with pytest.raises(Unprovable, match=r"cannot be read.*does no harm.*not now") as raised:
        rig.handle(command, attempt)
    assert raised.value.errors == ("not now",)
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize("setting", READABLE)
@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK])
def test_a_name_listed_in_another_case_is_never_taken_for_absent(
    rig: HandlerRig, attempt: Attempt, setting: Setting
) -> None:
    gone(rig.provider)
    rig.provider.unlisted.discard("website_access")
    rig.provider.add(create_command(username=USERNAME.upper()))
    rig.provider.customers[USERNAME.upper()].fields[setting.field] = setting.after
    refuse(rig, setting.command)

    assert rig.end(setting.command, attempt) == "already_applied"


@pytest.mark.parametrize("command", SETS)
@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_what_the_login_cannot_do_at_all_is_refused_without_a_look(
    rig: HandlerRig, attempt: Attempt, command: Command
) -> None:
    rig.provider.fail_next(Unsupported("not in this edition"))

    assert rig.end(command, attempt) is Unsupported
    assert len(rig.provider.calls) == 1


@pytest.mark.parametrize("command", [ADA["DisableCustomer"], ADA["ChangePassword"]])
@pytest.mark.parametrize(
    ("attempt", "failure", "ended"),
    [
        (BEGUN, OutcomeUnknown("reset"), OutcomeUnknown),
        (UNREMEMBERED, OutcomeUnknown("reset"), NotSent),
        (BEGUN, Throttled("slow down"), Throttled),
        (BEGUN, Rejected("no list for you"), OutcomeUnknown),
    ],
)
def test_a_look_after_a_refusal_that_fails_decides_nothing(
    rig: HandlerRig, command: Command, attempt: Attempt, failure: ProviderError, ended: Ended
) -> None:
    refuse(rig, command)
    rig.provider.fail_next(failure, "search")

    assert rig.end(command, attempt) is ended

"""Every command on its way: it crashes anywhere, its answers are lost, and the provider ends as the command asked."""

import json

import pytest

from messages.catalog import CATALOG
from messages.commands import Command
from tests.support.commands import Command as Wire
from tests.support.pipeline_rig import Crash, PipelineRig
from tests.support.ready_provider import provider_ready_for
from tests.support.work_samples import USERNAME, again, commands_about_ada, work_of
from worker.domain.deliveries import Destination
from worker.domain.work import Step, Work
from worker.errors import NotSent, OutcomeUnknown, ProviderError, Throttled

ADA = commands_about_ada()
STEPS = [Step.CLAIMED, Step.HANDLED, Step.RECORDED, Step.EVENT_PUBLISHED, Step.SETTLED]
WRITES = [name for name in ADA if name != "RetrieveCustomers"]


def rig_for(command: Command) -> PipelineRig:
    return PipelineRig(provider=provider_ready_for(command))


def work_for(name: str) -> Work:
    return work_of(Wire(name, ADA[name].revealed(), "cus_42", id="evt_1"))


def end_state(rig: PipelineRig) -> dict[str, object]:
    accounts = rig.provider.accounts
    named = {
        name: (without_its_number(customer.fields), customer.password, customer.credentials)
        for name, customer in accounts.customers.items()
    }
    return {"customers": named, "tombstones": accounts.tombstones, "own_profile": accounts.own_profile}


def without_its_number(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if name != "id"}


def asked_for(name: str) -> dict[str, object]:
    """What the provider holds once the command was applied, with nothing going wrong."""
    rig = rig_for(ADA[name])
    rig.provider.accounts.apply(ADA[name])
    return end_state(rig)


def event_data(rig: PipelineRig) -> dict[str, object]:
    """The one event that was published, however often."""
    bodies = {message.body for message in rig.publisher.to(Destination.EVENTS)}
    assert len(bodies) == 1
    event: dict[str, object] = json.loads(bodies.pop())
    return event


def run_through_a_crash(rig: PipelineRig, work: Work, step: Step) -> None:
    rig.crash_at = step
    try:
        rig.run_to_the_end(work)
    except Crash:
        rig.restart()
        rig.run_to_the_end(again(work))


def assert_done_once(rig: PipelineRig, name: str) -> None:
    assert end_state(rig) == asked_for(name)
    assert rig.provider.changes == [f"{name} {USERNAME}"]
    assert event_data(rig)["type"] == CATALOG[name].event
    assert rig.publisher.to(Destination.DEAD_LETTERS) == []


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_anywhere_leaves_one_effect_and_one_event(name: str, step: Step) -> None:
    rig = rig_for(ADA[name])

    run_through_a_crash(rig, work_for(name), step)

    assert_done_once(rig, name)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Throttled("slow down", 5.0)])
def test_a_write_without_an_answer_leaves_one_effect_and_one_event(
    name: str, failure: ProviderError, *, applied: bool
) -> None:
    rig = rig_for(ADA[name])
    rig.provider.fail_next(failure, name, applied=applied)

    rig.run_to_the_end(work_for(name))

    assert_done_once(rig, name)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("step", [Step.HANDLED, Step.RECORDED])
def test_a_lost_answer_and_a_crash_leave_one_effect_and_one_event(name: str, step: Step) -> None:
    rig = rig_for(ADA[name])
    rig.provider.lose_next_answer(name, applied=True)

    run_through_a_crash(rig, work_for(name), step)

    assert_done_once(rig, name)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("applied", [True, False])
def test_a_crash_in_the_middle_of_the_call_leaves_one_effect_and_one_event(name: str, *, applied: bool) -> None:
    rig = rig_for(ADA[name])
    rig.provider.fail_next(Crash(), name, applied=applied)
    with pytest.raises(Crash):
        rig.run(work_for(name))
    rig.restart()

    rig.run_to_the_end(again(work_for(name)))

    assert_done_once(rig, name)


@pytest.mark.parametrize("name", ADA)
def test_calls_that_fail_one_after_the_other_leave_one_effect_and_one_event(name: str) -> None:
    rig = rig_for(ADA[name])
    for failure in (NotSent("refused"), OutcomeUnknown("reset"), Throttled("slow down", 1.0), OutcomeUnknown("reset")):
        rig.provider.fail_next(failure)

    rig.run_to_the_end(work_for(name))

    if name == "RetrieveCustomers":
        assert event_data(rig)["type"] == "CustomersRetrieved"
    else:
        assert_done_once(rig, name)


@pytest.mark.parametrize(("name", "question"), [("ChangeUsername", "find"), ("UpdateUserProfile", "acting_for")])
def test_a_question_that_gets_no_answer_leaves_a_command_as_new(name: str, question: str) -> None:
    rig = rig_for(ADA[name])
    rig.provider.lose_next_answer(question, applied=False)

    rig.run_once(work_for(name))

    [row] = rig.storage.rows.values()
    assert not row.history.begun
    assert rig.run_to_the_end(work_for(name)) > 0
    assert_done_once(rig, name)

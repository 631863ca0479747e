"""The provider is away, asks for a pause, or refuses the login: commands wait, and none becomes a dead letter."""

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from tests.support.commands import create, new_username, update_user_profile
from tests.support.detour import detour
from tests.support.installation import Installation
from tests.support.waiting import wait_for
from tests.support.worker_process import WorkerProcess

#: Three that the stand-in knows from the start.
CUSTOMERS = ("a@x.com", "aa@x.com", "b@x.com")
PROBES = 3


def is_paused(worker: WorkerProcess, cause: str) -> bool:
    return worker.metric("provisioning_intake_paused", cause=cause) == 1


def test_an_outage_pauses_intake_and_nothing_is_given_up(own_installation: Installation) -> None:
    commands = [create(new_username()) for _ in range(30)]
    with own_installation.worker() as worker:
        own_installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
        own_installation.emitter.publish(*commands)
        assert worker.await_paused("outage")
        assert is_paused(worker, "outage")
        assert (worker.ask("/readyz").status, worker.ask("/readyz").document["state"]) == (200, "paused")
        own_installation.sandbox.clear_faults()
        events = own_installation.listener.await_events(commands)
        assert not is_paused(worker, "outage")
        assert worker.terminate() == 0
    assert {event.properties.type for event in events} == {"CustomerCreated"}
    own_installation.verdict(commands)


def test_a_provider_that_is_not_there_is_waited_for(own_installation: Installation) -> None:
    command = create(new_username())
    with (
        detour(own_installation.sandbox.url) as (url, proxy),
        own_installation.worker(PROVIDER__BASE_URL=url) as worker,
    ):
        own_installation.emitter.publish(command)
        assert "cannot be reached" in worker.await_paused("outage")
        proxy.open()
        assert own_installation.listener.await_event(command).properties.type == "CustomerCreated"
        assert worker.terminate() == 0
    own_installation.verdict([command])


def test_a_throttle_pauses_everybody_until_the_reset(own_installation: Installation) -> None:
    commands = [create(new_username()) for _ in range(10)]
    own_installation.sandbox.inject(FaultRule(fault=Fault.THROTTLED, reset_seconds=2, times=1))
    with own_installation.worker(WORKER__CONCURRENCY="1") as worker:
        own_installation.emitter.publish(*commands)
        # Its line in the log stays; the pause itself may be over before anybody looks.
        assert worker.await_logged("intake_paused")["cause"] == "throttled"
        own_installation.listener.await_events(commands)
        assert worker.terminate() == 0
    calls = own_installation.sandbox.journal()
    throttled = next(entry for entry in calls if entry.fault is Fault.THROTTLED)
    after = [entry for entry in calls if entry.arrival > throttled.arrival + 1]
    assert min(entry.epoch_seconds for entry in after) >= throttled.epoch_seconds + 2
    own_installation.verdict(commands)


def test_a_refused_login_pauses_intake_and_charges_nobody(own_installation: Installation) -> None:
    commands = [create(new_username()) for _ in range(10)]
    own_installation.emitter.publish(*commands)
    with own_installation.worker(PROVIDER__API_KEY="wrong", RETRY__MAX_ATTEMPTS="1") as worker:
        assert "PROVISIONING_PROVIDER__API_USER" in worker.await_paused("unauthorized")
        assert is_paused(worker, "unauthorized")
        assert worker.terminate() == 0
    own_installation.listener.listen()
    assert (own_installation.listener.events, own_installation.listener.dead_letters) == ([], [])
    with own_installation.worker() as worker:
        own_installation.listener.await_events(commands)
        assert worker.terminate() == 0
    own_installation.verdict(commands)


def test_a_single_refusal_of_the_login_pauses_nothing(own_installation: Installation) -> None:
    command = create(new_username())
    own_installation.sandbox.inject(FaultRule(fault=Fault.UNAUTHORIZED, operation="add", times=1))
    with own_installation.worker() as worker:
        own_installation.emitter.publish(command)
        assert own_installation.listener.await_event(command).properties.type == "CustomerCreated"
        assert worker.logged("intake_paused") == []


def test_a_command_that_alone_fails_is_given_up_when_the_provider_is_well(own_installation: Installation) -> None:
    stuck, others = create(new_username()), [create(new_username()) for _ in range(5)]
    own_installation.sandbox.inject(FaultRule(fault=Fault.ERROR_500, operation="add", username=stuck.username))
    with own_installation.worker(RETRY__MAX_ATTEMPTS="3") as worker:
        own_installation.emitter.publish(stuck, *others)
        event = own_installation.listener.await_event(stuck)
        own_installation.listener.await_events(others)
        wait_for(lambda: not worker.ask("/readyz").document["paused"], "the end of the pause")
        assert worker.terminate() == 0
    assert (event.properties.type, event.data["reason"]) == ("CommandFailed", "retries_exhausted")
    own_installation.verdict([stuck, *others], failing={stuck.id})


@pytest.mark.parametrize(
    ("wrong", "login"), [({"PROVIDER__V3_API_KEY": "SG.wrong"}, "v3"), ({"PROVIDER__API_KEY": "wrong"}, "v2")]
)
def test_a_refused_login_stops_only_the_commands_that_need_it(
    own_installation: Installation, wrong: dict[str, str], login: str
) -> None:
    by_login = {
        "v2": [create(new_username()) for _ in range(3)],
        "v3": [update_user_profile(name, {"city": "Ulm"}) for name in CUSTOMERS],
    }
    waiting = by_login.pop(login)
    [going] = by_login.values()
    with own_installation.worker(**wrong, RETRY__MAX_ATTEMPTS="1") as worker:
        own_installation.emitter.publish(*waiting)
        assert f"{login} commands wait" in worker.await_paused("unauthorized")
        assert is_paused(worker, "unauthorized")
        own_installation.emitter.publish(*going)
        own_installation.listener.await_events(going)
        assert [own_installation.listener.events_of(command) for command in waiting] == [[], [], []]
        assert worker.terminate() == 0
    with own_installation.worker() as worker:
        own_installation.listener.await_events(waiting)
        assert worker.terminate() == 0
    assert own_installation.verdict([*waiting, *going]).dead_letters == 0


def test_a_worker_that_begins_during_an_outage_is_paused_and_only_asks_the_probe(
    own_installation: Installation,
) -> None:
    commands = [create(new_username()) for _ in range(30)]
    own_installation.sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    own_installation.emitter.publish(*commands)
    with own_installation.worker() as worker:
        worker.await_paused("outage")
        # No call of its own may still be on its way when it is gone.
        worker.await_metric("provisioning_commands_in_flight", 0)
        worker.kill()
    seen = max(entry.sequence for entry in own_installation.sandbox.journal())
    with own_installation.worker() as worker:
        worker.await_paused("outage")
        worker.await_metric("provisioning_commands_held", len(commands))
        wait_for(lambda: len(own_installation.sandbox.journal(after=seen)) > PROBES, "some probes")
        assert {entry.operation for entry in own_installation.sandbox.journal(after=seen)} == {Operation.RETRIEVE}
        own_installation.sandbox.clear_faults()
        own_installation.listener.await_events(commands)
        assert worker.terminate() == 0
    assert own_installation.verdict(commands).dead_letters == 0

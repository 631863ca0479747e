"""A suspect runs alone, and as soon as it may. The rest keeps its order."""

from tests.support.waiting import wait_for
from tests.unit.pipeline.dispatcher_rig import DispatcherRig
from worker.domain.work import Quarantine, Wait
from worker.errors import ProviderLogin


def suspect(rig: DispatcherRig, name: str, waiting: int = 1) -> None:
    """Have it answer that it must run alone; returns once so many wait for that, or the first one does run alone."""
    rig.runs.finish(f"{name}@1", verdict=Quarantine())
    queue = rig.dispatcher.scheduler.queue
    wait_for(
        lambda: len(queue._quarantined) == waiting or True in rig.runs.alone, "its turn, or its place in the queue"
    )


def test_a_suspect_runs_once_nothing_else_runs(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:bob")
    rig.runs.await_running("1@1", "2@1")
    suspect(rig, "1")
    rig.runs.await_running("2@1")
    rig.deliver("3:cyd")

    rig.runs.finish("2@1")
    rig.runs.await_running("1@1")

    rig.runs.finish("1@1")
    rig.runs.await_running("3@1")
    assert rig.runs.began == ["1@1", "2@1", "1@1", "3@1"]


def test_it_knows_that_it_is_alone(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    suspect(rig, "1")
    rig.runs.finish("1@1")
    rig.runs.await_running()

    assert rig.runs.alone == [False, True]


def test_suspects_run_one_after_the_other(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:bob", "3:cyd")
    rig.runs.await_running("1@1", "2@1", "3@1")
    for waiting, name in enumerate("123", start=1):
        suspect(rig, name, waiting)

    for name in "123":
        rig.runs.await_running(f"{name}@1")
        rig.runs.finish(f"{name}@1")
    rig.runs.await_running()


def test_its_customer_s_later_commands_stay_behind_it(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:ada", "3:bob")
    rig.runs.await_running("1@1", "3@1")
    suspect(rig, "1")
    rig.runs.await_running("3@1")
    rig.runs.finish("3@1")
    rig.runs.await_running("1@1")
    rig.runs.finish("1@1")

    rig.runs.await_running("2@1")


def test_one_that_waits_for_a_retry_lets_the_others_run(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:bob")
    rig.runs.await_running("1@1", "2@1")
    suspect(rig, "1")
    rig.runs.await_running("2@1")
    rig.runs.finish("2@1")
    rig.runs.await_running("1@1")
    rig.deliver("3:cyd")

    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() + 60))

    rig.runs.await_running("3@1")
    rig.go_on(60.0)
    rig.runs.await_running("1@1", "3@1")
    assert rig.runs.alone[-1] is False


def test_one_that_the_ledger_still_counts_as_alone_keeps_all_for_itself(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    suspect(rig, "1")
    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() + 1, quarantined=True))
    rig.runs.await_running()
    rig.deliver("2:bob")
    rig.go_on(0.0)
    assert rig.runs.running == []

    rig.go_on(1.0)
    rig.runs.await_running("1@1")
    rig.runs.finish("1@1")

    rig.runs.await_running("2@1")
    assert rig.runs.alone == [False, True, True, False]


def test_a_lost_connection_ends_its_privilege(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    suspect(rig, "1")
    rig.runs.finish("1@1", verdict=Wait(rig.clock.now() + 60, quarantined=True))
    rig.runs.await_running()

    rig.reconnect(2)
    rig.deliver("2:bob", epoch=2)

    rig.runs.await_running("2@2")


def test_a_suspect_of_a_lost_connection_never_runs(rig: DispatcherRig) -> None:
    rig.deliver("1:ada", "2:bob")
    rig.runs.await_running("1@1", "2@1")
    suspect(rig, "1")
    rig.runs.await_running("2@1")

    rig.reconnect(2)
    rig.runs.finish("2@1")
    rig.deliver("3:cyd", epoch=2)

    rig.runs.await_running("3@2")
    assert rig.runs.began.count("1@1") == 1


def test_a_pause_holds_suspects_too(rig: DispatcherRig) -> None:
    rig.deliver("1:ada")
    rig.runs.await_running("1@1")
    rig.allow(0)
    suspect(rig, "1")
    assert rig.runs.running == []
    rig.allow(1)

    rig.runs.await_running("1@1")


def test_a_suspect_whose_login_is_paused_holds_nobody_up(rig: DispatcherRig) -> None:
    rig.deliver("1:v3 ada")
    rig.runs.await_running("1@1")
    rig.dispatcher.allow(ProviderLogin.V3, 0)
    suspect(rig, "1")
    rig.deliver("2:bob")

    rig.runs.await_running("2@1")
    rig.dispatcher.allow(ProviderLogin.V3, 1)
    rig.runs.finish("2@1")
    rig.runs.await_running("1@1")

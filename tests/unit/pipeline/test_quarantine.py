"""A suspect runs alone, and as soon as it may. The rest keeps its order."""

from tests.support.waiting import wait_for
from tests.unit.pipeline.stage import House
from worker.domain.work import Quarantine, Wait
from worker.errors import ProviderLogin


def suspect(house: House, name: str, waiting: int = 1) -> None:
    """Have it answer that it must run alone; returns once so many wait for that, or the first one does run alone."""
    house.stage.finish(f"{name}@1", verdict=Quarantine())
    queue = house.dispatcher.scheduler.queue
    wait_for(
        lambda: len(queue._quarantined) == waiting or True in house.stage.alone, "its turn, or its place in the queue"
    )


def test_a_suspect_runs_once_nothing_else_runs(house: House) -> None:
    house.deliver("1:ada", "2:bob")
    house.stage.await_running("1@1", "2@1")
    suspect(house, "1")
    house.stage.await_running("2@1")
    house.deliver("3:cyd")

    house.stage.finish("2@1")
    house.stage.await_running("1@1")

    house.stage.finish("1@1")
    house.stage.await_running("3@1")
    assert house.stage.began == ["1@1", "2@1", "1@1", "3@1"]


def test_it_knows_that_it_is_alone(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")
    suspect(house, "1")
    house.stage.finish("1@1")
    house.stage.await_running()

    assert house.stage.alone == [False, True]


def test_suspects_run_one_after_the_other(house: House) -> None:
    house.deliver("1:ada", "2:bob", "3:cyd")
    house.stage.await_running("1@1", "2@1", "3@1")
    for waiting, name in enumerate("123", start=1):
        suspect(house, name, waiting)

    for name in "123":
        house.stage.await_running(f"{name}@1")
        house.stage.finish(f"{name}@1")
    house.stage.await_running()


def test_its_customer_s_later_commands_stay_behind_it(house: House) -> None:
    house.deliver("1:ada", "2:ada", "3:bob")
    house.stage.await_running("1@1", "3@1")
    suspect(house, "1")
    house.stage.await_running("3@1")
    house.stage.finish("3@1")
    house.stage.await_running("1@1")
    house.stage.finish("1@1")

    house.stage.await_running("2@1")


def test_one_that_waits_for_a_retry_lets_the_others_run(house: House) -> None:
    house.deliver("1:ada", "2:bob")
    house.stage.await_running("1@1", "2@1")
    suspect(house, "1")
    house.stage.await_running("2@1")
    house.stage.finish("2@1")
    house.stage.await_running("1@1")
    house.deliver("3:cyd")

    house.stage.finish("1@1", verdict=Wait(house.clock.now() + 60))

    house.stage.await_running("3@1")
    house.go_on(60.0)
    house.stage.await_running("1@1", "3@1")
    assert house.stage.alone[-1] is False


def test_one_that_the_ledger_still_counts_as_alone_keeps_all_for_itself(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")
    suspect(house, "1")
    house.stage.finish("1@1", verdict=Wait(house.clock.now() + 1, quarantined=True))
    house.stage.await_running()
    house.deliver("2:bob")
    house.go_on(0.0)
    assert house.stage.running == []

    house.go_on(1.0)
    house.stage.await_running("1@1")
    house.stage.finish("1@1")

    house.stage.await_running("2@1")
    assert house.stage.alone == [False, True, True, False]


def test_a_lost_connection_ends_its_privilege(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")
    suspect(house, "1")
    house.stage.finish("1@1", verdict=Wait(house.clock.now() + 60, quarantined=True))
    house.stage.await_running()

    house.reconnect(2)
    house.deliver("2:bob", epoch=2)

    house.stage.await_running("2@2")


def test_a_suspect_of_a_lost_connection_never_runs(house: House) -> None:
    house.deliver("1:ada", "2:bob")
    house.stage.await_running("1@1", "2@1")
    suspect(house, "1")
    house.stage.await_running("2@1")

    house.reconnect(2)
    house.stage.finish("2@1")
    house.deliver("3:cyd", epoch=2)

    house.stage.await_running("3@2")
    assert house.stage.began.count("1@1") == 1


def test_a_pause_holds_suspects_too(house: House) -> None:
    house.deliver("1:ada")
    house.stage.await_running("1@1")
    house.allow(0)
    suspect(house, "1")
    assert house.stage.running == []
    house.allow(1)

    house.stage.await_running("1@1")


def test_a_suspect_whose_login_is_paused_holds_nobody_up(house: House) -> None:
    house.deliver("1:v3 ada")
    house.stage.await_running("1@1")
    house.dispatcher.allow(ProviderLogin.V3, 0)
    suspect(house, "1")
    house.deliver("2:bob")

    house.stage.await_running("2@1")
    house.dispatcher.allow(ProviderLogin.V3, 1)
    house.stage.finish("2@1")
    house.stage.await_running("1@1")

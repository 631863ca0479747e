"""What ends when we say so, and not by time."""

from tests.unit.intake.pausing import THREADS, PauseRig
from worker.intake.causes import PauseCause

A_DAY = 86_400.0


def test_a_release_ends_the_cause_before_its_time_and_goes_on_at_full_width() -> None:
    rig = PauseRig()
    rig.pause.hold(PauseCause.PUBLISH, A_DAY, "refused")
    rig.go_on(A_DAY / 2)
    assert rig.causes == {PauseCause.PUBLISH}

    rig.pause.release(PauseCause.PUBLISH)

    assert rig.causes == set()
    assert rig.allowed == THREADS


def test_it_is_reported_once_whether_it_is_held_again_or_released_again() -> None:
    rig = PauseRig()
    for detail in ("refused", "refused still"):
        rig.pause.hold(PauseCause.PUBLISH, A_DAY, detail)
    for _ in range(2):
        rig.pause.release(PauseCause.PUBLISH)

    assert rig.events == [("publish", None, True, "refused"), ("publish", None, False, "")]


def test_a_release_leaves_other_causes_alone() -> None:
    rig = PauseRig()
    rig.pause.hold(PauseCause.PUBLISH, A_DAY, "refused")
    rig.pause.hold(PauseCause.LEDGER, 1.0, "locked")

    rig.pause.release(PauseCause.PUBLISH)

    assert rig.causes == {PauseCause.LEDGER}
    assert rig.allowed == 0

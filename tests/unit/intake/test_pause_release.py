"""What ends when we say so, and not by time."""

from tests.unit.intake.pausing import THREADS, Watched
from worker.intake.causes import PauseCause

A_DAY = 86_400.0


def test_a_release_ends_the_cause_before_its_time_and_goes_on_at_full_width() -> None:
    watched = Watched()
    watched.pause.hold(PauseCause.PUBLISH, A_DAY, "refused")
    watched.go_on(A_DAY / 2)
    assert watched.causes == {PauseCause.PUBLISH}

    watched.pause.release(PauseCause.PUBLISH)

    assert watched.causes == set()
    assert watched.allowed == THREADS


def test_it_is_reported_once_whether_it_is_held_again_or_released_again() -> None:
    watched = Watched()
    for detail in ("refused", "refused still"):
        watched.pause.hold(PauseCause.PUBLISH, A_DAY, detail)
    for _ in range(2):
        watched.pause.release(PauseCause.PUBLISH)

    assert watched.events == [("publish", None, True, "refused"), ("publish", None, False, "")]


def test_a_release_leaves_other_causes_alone() -> None:
    watched = Watched()
    watched.pause.hold(PauseCause.PUBLISH, A_DAY, "refused")
    watched.pause.hold(PauseCause.LEDGER, 1.0, "locked")

    watched.pause.release(PauseCause.PUBLISH)

    assert watched.causes == {PauseCause.LEDGER}
    assert watched.allowed == 0

"""Intake pauses while the ledger is away, and the ledger's own thread waits for nobody."""

from collections.abc import Callable

from worker.intake.causes import PauseCause
from worker.intake.gate import pause_for_ledger


def test_the_clockwork_holds_intake_longer_than_the_ledgers_next_look_takes() -> None:
    due: list[tuple[float, Callable[[], None]]] = []
    held: list[tuple[PauseCause, float, str]] = []

    pause_for_ledger(
        lambda cause, seconds, detail: held.append((cause, seconds, detail)),
        lambda seconds, call: due.append((seconds, call)),
        "the disk is full",
    )
    assert held == []
    ((seconds, call),) = due
    call()

    assert seconds == 0
    ((cause, hold_seconds, detail),) = held
    assert (cause, detail) == (PauseCause.LEDGER, "the disk is full")
    # A look a second, and up to three more seconds for a server that does not answer.
    assert hold_seconds > 1 + 3

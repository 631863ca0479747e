"""What a signal that ends a command says was done."""

import signal

from worker.cli.terminal.signals import Ended, explained_if_ended


def test_what_was_done_is_reported_also_when_the_signal_comes_after_the_work() -> None:
    with explained_if_ended(lambda: "it is done"):
        pass

    assert str(Ended(signal.SIGTERM)) == "ended by SIGTERM; it is done"

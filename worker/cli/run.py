"""`provisioning-worker run`."""

import os
import signal
import sys
import threading
from queue import SimpleQueue
from types import FrameType

from worker.app import App, Exit
from worker.assembly import Surroundings
from worker.cli.reading import read_settings
from worker.domain.work import Step
from worker.settings import Settings, load, unknown_names
from worker.settings.places import ledger_url
from worker.telemetry.logs import logger


def run() -> None:
    """Work until SIGTERM or Ctrl-C; a second signal ends at once."""
    stop = threading.Event()
    # First of all: process 1 of a container ignores signals that have no handler.
    _stop_on_signals(stop)
    settings = read_settings()
    log = logger(settings.log.format, settings.log.level)
    for warning in unknown_names(os.environ):
        log.warning("unknown_setting", detail=warning)
    app = App(settings, Surroundings(ledger_url(settings, os.environ), lambda: load(Settings), log, _pass), stop)
    sys.exit(app.run())


def _pass(_step: Step) -> None:
    """Nobody watches the steps in a real run."""


def _stop_on_signals(stop: threading.Event) -> None:
    signals: SimpleQueue[int] = SimpleQueue()
    has_come = False

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal has_come
        if has_come:
            os._exit(Exit.INTERRUPTED)
        has_come = True
        # Not `stop.set()`: this runs in the midst of whatever the main thread does, which is to wait for `stop`. It may
        # hold the lock that `set` takes, and would then stand still for ever. This kind of queue needs none.
        signals.put(number)

    def pass_on() -> None:
        signals.get()
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    threading.Thread(target=pass_on, name="signals", daemon=True).start()

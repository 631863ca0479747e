"""`provisioning-worker run`."""

import os
import signal
import sys
import threading
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
    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(Exit.INTERRUPTED)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)

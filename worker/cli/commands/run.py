"""`provisioning-worker run`."""

import codecs
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType

from worker.app import App
from worker.assembly import Surroundings
from worker.cli.reading import read_settings
from worker.cli.terminal.signals import ENDING, exit_code
from worker.cli.terminal.streams import wait_for_no_reader
from worker.domain.work import Step
from worker.errors import WorkerError
from worker.exits import Exit
from worker.settings import Settings, load, unknown_names
from worker.settings.loading import ledger_url
from worker.telemetry.logs import FLUSH_SECONDS, LineWriter, forward_last_words, forward_libraries, logger

#: Python loads a codec when it is first asked for. A process that is out of files could not, in the midst of a failure
#: that is put into words.
_CODECS = (
    *("ascii", "latin-1", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
    *("idna", "punycode", "cp1252", "iso8859-15"),
)


def run() -> None:
    """Work until SIGTERM, SIGHUP or Ctrl-C; a second signal ends at once."""
    stop = threading.Event()
    # First of all: process 1 of a container ignores signals that have no handler.
    signalled = _stop_on_signals(stop)
    wait_for_no_reader(FLUSH_SECONDS)
    # What was imported stays, so that the collector never needs to go through it.
    gc.freeze()
    settings = read_settings()
    for name in _CODECS:
        codecs.lookup(name)
    lines = LineWriter(sys.stdout)
    lines.start()
    try:
        code = _worked(settings, lines, stop, signalled)
    finally:
        lines.stop()
    sys.exit(code if code is not Exit.INTERRUPTED else exit_code(signalled() or signal.SIGINT))


def _worked(settings: Settings, lines: LineWriter, stop: threading.Event, signalled: Callable[[], int | None]) -> Exit:
    log = logger(settings.log.format, settings.log.level, lines)
    forward_libraries(log)
    forward_last_words(log)
    for warning in unknown_names(os.environ):
        log.warning("unknown_setting", detail=warning)
    around = Surroundings(ledger_url(settings, os.environ), lambda: load(Settings), log, lines, _pass)
    try:
        app = App(settings, around, stop)
        # The thread that passes a signal on may be slower than this one, and nothing is begun after a signal.
        if signalled():
            stop.set()
        return app.run()
    except WorkerError:
        raise
    except Exception:  # a bug, and standard error may have no reader
        log.exception("worker_crashed")
        return Exit.FAILED


def _pass(_step: Step) -> None:
    """Nobody watches the steps in a real run."""


def _stop_on_signals(stop: threading.Event) -> Callable[[], int | None]:
    """Set `stop` at the first signal, end the process at the second; the answer is the one that came first, if any."""
    signals: SimpleQueue[int] = SimpleQueue()
    come: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if come:
            os._exit(exit_code(number))
        come.append(number)
        # Not `stop.set()`: this runs in the midst of whatever the main thread does, which is to wait for `stop`. It may
        # hold the lock that `set` takes, and would then stand still for ever. This kind of queue needs none.
        signals.put(number)

    def pass_on() -> None:
        signals.get()
        stop.set()

    for number in ENDING:
        # A worker that was started by nohup outlives its terminal. The others are meant, whoever had them ignored.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, on_signal)
    threading.Thread(target=pass_on, name="signals", daemon=True).start()
    return lambda: come[0] if come else None

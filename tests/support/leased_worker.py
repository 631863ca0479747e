"""The program with terms of its own: how long its lease and its heartbeat are, and writes at which it freezes.

Its arguments are the lease (seconds), the broker's heartbeat (whole seconds) and how many writes to the provider are
held back, all together, right after the last look at the lease and at the clock and before their bytes leave; then the
whole process stops as by SIGSTOP. 0 for none. A write is known by its URL, so the provider must be asked for XML: lists
are asked for in JSON by everybody. Everything else is as in a real run.
"""

import os
import signal
import sys
import threading
from contextlib import ExitStack
from functools import partial
from unittest.mock import patch

from requests.models import PreparedRequest

from worker.app import App
from worker.assembly import Surroundings
from worker.ledger.config import LedgerConfig
from worker.provider.wire import transport
from worker.settings import Settings, load
from worker.settings.places import ledger_url
from worker.telemetry.logs import logger

_prepared = transport._prepared  # the last step before the bytes


class Frost:
    """Gathers so many writes, and freezes the process once; afterwards nobody is held up any more."""

    def __init__(self, writes: int) -> None:
        self._gathered = threading.Barrier(writes, action=self._freeze)
        self._is_over = False

    def prepared(self, request: transport.Request) -> PreparedRequest:
        """Prepare a request as ever, and hold it back when it is a write."""
        ready = _prepared(request)
        if not self._is_over and request.url.endswith(".xml"):
            self._gathered.wait()
        return ready

    def _freeze(self) -> None:
        self._is_over = True
        os.kill(os.getpid(), signal.SIGSTOP)


def main() -> None:
    """Run the worker on these terms."""
    lease_seconds, heartbeat_seconds, writes = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    settings = load(Settings)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    log = logger(settings.log.format, settings.log.level)
    around = Surroundings(ledger_url(settings, os.environ), lambda: load(Settings), log, lambda _step: None)
    with ExitStack() as terms:
        terms.enter_context(patch("worker.assembly.LedgerConfig", partial(LedgerConfig, lease_seconds=lease_seconds)))
        terms.enter_context(patch("worker.broker.address.HEARTBEAT_SECONDS", heartbeat_seconds))
        if writes:
            terms.enter_context(patch("worker.provider.wire.transport._prepared", Frost(writes).prepared))
        code = App(settings, around, stop).run()
    sys.exit(code)


if __name__ == "__main__":
    main()

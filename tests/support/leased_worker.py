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

from tests.support.waiting import PATIENCE_SECONDS
from worker.cli.commands.run import run
from worker.ledger.config import LedgerConfig
from worker.provider.wire import transport

_prepared = transport._prepared  # the last step before the bytes
_send = transport.Transport.send


class Frost:
    """Gathers so many writes, and freezes the process once; afterwards nobody is held up any more."""

    def __init__(self, writes: int) -> None:
        self._writes = writes
        self._gathered = threading.Barrier(writes, action=self._freeze)
        self._is_over = False
        self._sent = threading.Semaphore(0)

    def prepared(self, request: transport.HttpRequest) -> PreparedRequest:
        """Prepare a request as ever, and hold it back when it is a write."""
        ready = _prepared(request)
        if not self._is_over and request.url.endswith(".xml"):
            self._gathered.wait()
        return ready

    def send(
        self, line: transport.Transport, request: transport.HttpRequest, within_seconds: float
    ) -> transport.HttpAnswer:
        """Send a request as ever, and count the writes."""
        try:
            return _send(line, request, within_seconds)
        finally:
            if request.url.endswith(".xml"):
                self._sent.release()

    def await_sent(self) -> None:
        """Wait for the calls that were held back: the end of a process that woke up too late may come before them."""
        for _ in range(self._writes):
            self._sent.acquire(timeout=PATIENCE_SECONDS)

    def _freeze(self) -> None:
        self._is_over = True
        os.kill(os.getpid(), signal.SIGSTOP)


def main() -> None:
    """Run the worker on these terms."""
    lease_seconds, heartbeat_seconds, writes = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with ExitStack() as terms:
        terms.enter_context(patch("worker.assembly.LedgerConfig", partial(LedgerConfig, lease_seconds=lease_seconds)))
        terms.enter_context(patch("worker.broker.connection.parameters.HEARTBEAT_SECONDS", heartbeat_seconds))
        if writes:
            frost = Frost(writes)
            terms.enter_context(patch("worker.provider.wire.transport._prepared", frost.prepared))
            # A plain function, so that it is bound to each transport as the method was.
            terms.enter_context(patch.object(transport.Transport, "send", lambda *call: frost.send(*call)))  # noqa: PLW0108 - see above
            terms.callback(frost.await_sent)
        run()


if __name__ == "__main__":
    main()

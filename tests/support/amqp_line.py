"""A billing system's own connection to the broker: plain pika, opened anew when it breaks."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import pika
from pika.exceptions import AMQPError

_T = TypeVar("_T")

PATIENCE_SECONDS = 40.0
#: Longer than any test keeps a broker in an alarm.
BLOCKED_SECONDS = 200.0
_AGAIN_SECONDS = 0.1


class Line:
    """One connection and one channel in confirm mode. Not for several threads at once."""

    def __init__(self, url: str) -> None:
        self._parameters = pika.URLParameters(url)
        # A test looks at its connection when it likes, not when a heartbeat is due.
        self._parameters.heartbeat = 0
        # A broker in an alarm reads nothing, not even a good-bye: without a limit whoever closes waits for ever.
        self._parameters.blocked_connection_timeout = BLOCKED_SECONDS
        self._connection: Any = None
        self._open: Any = None

    def use(self, work: Callable[[Any], _T]) -> _T:
        """Do something on the channel; once more on a new one when the broker hung up, refused, or is not there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return work(self._channel())
            except (AMQPError, OSError):
                self.close()
                if time.monotonic() > deadline:
                    raise
                threading.Event().wait(_AGAIN_SECONDS)

    def close(self) -> None:
        """Hang up."""
        connection, self._connection, self._open = self._connection, None, None
        if connection is not None:
            with suppress(AMQPError, OSError):
                connection.close()

    def _channel(self) -> Any:  # noqa: ANN401  # pika's channel is untyped
        if self._open is None or not self._open.is_open:
            self.close()
            self._connection = pika.BlockingConnection(self._parameters)
            self._open = self._connection.channel()
            self._open.confirm_delivery()
        return self._open

"""Keeps one connection alive on a thread of its own.

pika's loop has three ways to die in silence: a callback that raises ends it while the connection still says it is
open, a dead loop queues callbacks for ever, and nothing redials. So every callback goes through `guard`, everything
from other threads through `wake` and `post`, and the thread redials until it is stopped.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, Protocol

from pika.adapters.select_connection import IOLoop
from pika.exceptions import ChannelWrongStateError, ConnectionWrongStateError

from worker.broker.address import AddressSource, Role
from worker.broker.connection.parameters import connection_parameters
from worker.broker.connection.wire import WireConnection
from worker.broker.faults import words
from worker.domain.telemetry import (
    BrokerCallbackCrashed,
    BrokerConnected,
    BrokerDisconnected,
    BrokerNotReached,
    BrokerReconnected,
    Emit,
)
from worker.errors import WorkerError

FLOOR_SECONDS = 0.2
CEILING_SECONDS = 15.0
PROVEN_SECONDS = 5.0

TICK_SECONDS = 1.0
LAST_RESORT_SECONDS = 1.0
ANSWER_SECONDS = 1.0
#: A loop ticks every second; one that has not for so long hangs.
STALE_TICK_SECONDS = 60.0

P = ParamSpec("P")

Guard = Callable[[Callable[..., object]], Callable[..., None]]
"""What wraps a callback of pika's, so that its failure ends the connection instead of the loop."""


@dataclass(slots=True)
class ReconnectBackoff:
    """Full jitter between the floor and a ceiling that doubles: a fleet cut off together does not return together.

    `uniform(low, high)` draws one number between its arguments.
    """

    uniform: Callable[[float, float], float]
    failures: int = 0

    def next_seconds(self) -> float:
        """Draw the next wait and widen the range for the one after it."""
        self.failures += 1
        ceiling = min(CEILING_SECONDS, FLOOR_SECONDS * 2 ** min(self.failures, 16))
        return self.uniform(FLOOR_SECONDS, ceiling)

    def worked_for(self, seconds: float) -> None:
        """Begin again at the floor, unless the connection lasted so short that it may be part of the trouble."""
        if seconds >= PROVEN_SECONDS:
            self.failures = 0


class Session(Protocol):
    """What is done on a connection. All calls come on the loop's own thread, and may raise: the connection is new then.

    For each connection: `opened`, then `woken` and `ticked` any number of times, then `closed`. `closed` also follows
    an attempt that never opened, and `ticked` comes between two attempts, too.
    """

    def opened(self, connection: WireConnection) -> None:
        """The connection is there; call the loop's `ready` once it can do its work."""

    def woken(self) -> None:
        """Do what is due after a `wake`, on the loop's thread. What it writes is sent in one piece."""

    def ticked(self) -> None:
        """About a second has passed, with a connection or without one."""

    def closed(self, reason: str) -> None:
        """Drop what belonged to the connection that has ended."""


@dataclass(frozen=True, slots=True)
class LoopState:
    """The state of one connection, for readiness. `fault` says why it is not connected."""

    connected: bool
    fault: str | None


class BrokerLoop:
    """One connection's thread. `start` returns at once; `stop` is bounded; both may be repeated."""

    def __init__(self, role: Role, address: AddressSource, emit: Emit) -> None:
        self._role = role
        self._address = address
        self._emit = emit
        self._has_worked = False
        self._backoff = ReconnectBackoff(random.uniform)
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._posted: deque[Callable[[], None]] = deque()
        self._woken = False
        self._ioloop: IOLoop | None = None
        self._connection: WireConnection | None = None
        self._connected_at: float | None = None
        self._reason: str | None = None
        self._fault = "it was not started"
        self._ticked_at = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the thread runs and its loop has turned lately. Any thread may read it."""
        runs = self._thread is not None and self._thread.is_alive()
        return runs and time.monotonic() - self._ticked_at < STALE_TICK_SECONDS

    @property
    def state(self) -> LoopState:
        """How it is now. Read from any thread."""
        connected = self._connected_at is not None
        return LoopState(connected, None if connected else self._fault)

    def start(self, session: Session) -> None:
        """Begin to dial, and return. A broker that is not there yet is waited for."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._session = session
        self._stopping.clear()
        self._fault = "it has not connected yet"
        self._ticked_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"broker-{self._role}", daemon=True)
        self._thread.start()

    def stop(self, farewell: Callable[[WireConnection], None], deadline_seconds: float) -> bool:
        """End the thread and wait for it; `farewell` ends an open connection. False when it had to be cut off."""
        thread = self._thread
        self._stopping.set()
        if thread is None or thread is threading.current_thread():
            return True
        self.post(lambda: self._part(farewell))
        thread.join(deadline_seconds)
        if not thread.is_alive():
            return True
        self.post(self._end)
        thread.join(LAST_RESORT_SECONDS)
        return False

    def wake(self) -> None:
        """Have `session.woken` called soon, once for all who ask until then. From any thread; never blocks."""
        if self._woken:
            return
        self._woken = True
        ioloop = self._ioloop
        if ioloop is not None:
            ioloop.add_callback_threadsafe(self._drain)

    def post(self, function: Callable[[], None]) -> None:
        """Run something on the loop's thread; with no connection, when there is one again. From any thread."""
        self._posted.append(function)
        self.wake()

    def ready(self) -> None:
        """Say that the connection can do its work. On the loop's thread."""
        self._connected_at = time.monotonic()
        self._emit(BrokerReconnected(self._role) if self._has_worked else BrokerConnected(self._role))
        self._has_worked = True

    def give_up(self, reason: str, patience_seconds: float = ANSWER_SECONDS) -> None:
        """End this connection and open another; what is written goes out within the patience. On the loop's thread."""
        self._blame(reason)
        if self._connection is not None:
            self._connection.leave(patience_seconds)

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Run something on this connection's loop after a while; forgotten with the connection."""
        if self._ioloop is not None:
            self._ioloop.call_later(seconds, self.guard(partial(self._in_one_piece, function)))

    def guard(self, function: Callable[P, object]) -> Callable[P, None]:
        """Wrap a callback so that its failure ends the connection instead of the loop; a WorkerError is its reason."""

        def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except WorkerError as error:
                self.give_up(str(error))
            except (ConnectionWrongStateError, ChannelWrongStateError) as error:
                # An answer came to a connection that is ending already, at a stop for instance.
                self.give_up(words(error))
            except Exception as error:  # noqa: BLE001  # whatever it is, the loop must outlive it
                self._crash(error)

        return guarded

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._live()
                self._rest()
        except BaseException as error:  # noqa: BLE001  # the thread ends for good: liveness must learn why
            self._fault = f"the loop has ended: {error!r}"
            self._emit(BrokerCallbackCrashed(self._role, error))

    def _live(self) -> None:
        """Open one connection and stay with it until its end."""
        self._reason = None
        try:
            self._dial()
        except WorkerError as error:
            self._blame(str(error))
        except Exception as error:  # noqa: BLE001  # pika's own callbacks are not behind the guard
            self._crash(error)
        finally:
            self._leave()

    def _dial(self) -> None:
        ioloop = self._ioloop = IOLoop()
        parameters = connection_parameters(self._address(), self._role)
        self._connection = WireConnection(parameters, ioloop, self.guard(self._opened), self._ended)
        ioloop.add_callback(self._drain)
        self._tick()
        ioloop.start()

    def _leave(self) -> None:
        """Close what is left of the connection and inform all listeners, whatever ended it."""
        ioloop, connection, connected_at = self._ioloop, self._connection, self._connected_at
        self._ioloop = self._connection = self._connected_at = None
        self._fault = self._reason or "the connection ended"
        if connection is not None:
            connection.release()
        if ioloop is not None:
            ioloop.close()
        if connected_at is not None:
            self._backoff.worked_for(time.monotonic() - connected_at)
            self._emit(BrokerDisconnected(self._role, self._fault))
        self.guard(self._session.closed)(self._fault)

    def _rest(self) -> None:
        if self._stopping.is_set():
            return
        seconds = self._backoff.next_seconds()
        self._emit(BrokerNotReached(self._role, self._fault, seconds))
        wake_at = time.monotonic() + seconds
        while (remaining := wake_at - time.monotonic()) > 0 and not self._stopping.wait(min(remaining, TICK_SECONDS)):
            self._ticked_at = time.monotonic()
            self.guard(self._session.ticked)()

    def _opened(self, connection: WireConnection) -> None:
        self._session.opened(connection)

    def _ended(self, _connection: WireConnection, error: BaseException) -> None:
        self._blame(words(error))
        self._end()

    def _end(self) -> None:
        if self._ioloop is not None:
            self._ioloop.stop()

    def _part(self, farewell: Callable[[WireConnection], None]) -> None:
        connection = self._connection
        if connection is None or connection.is_closed:
            self._end()
        elif connection.is_open:
            farewell(connection)
        elif not connection.is_closing:
            connection.close()

    def _drain(self) -> None:
        # Lowered before the work, not after: what is added meanwhile must wake the loop again.
        self._woken = False
        self.guard(partial(self._in_one_piece, self._work))()

    def _work(self) -> None:
        while self._posted:
            self._posted.popleft()()
        self._session.woken()

    def _in_one_piece(self, function: Callable[[], None]) -> None:
        if self._connection is not None:
            with self._connection.corked():
                function()

    def _tick(self) -> None:
        self._ticked_at = time.monotonic()
        if self._ioloop is not None:
            self._ioloop.call_later(TICK_SECONDS, self._tick)
        self.guard(self._session.ticked)()

    def _crash(self, error: BaseException) -> None:
        self._blame(f"a callback failed: {error!r}")
        # pika trips over itself when it is closed in the middle of its handshake; when we leave, nobody need know.
        if not self._stopping.is_set():
            self._emit(BrokerCallbackCrashed(self._role, error))
        self._end()

    def _blame(self, reason: str) -> None:
        """Keep the first reason: what follows it is only how the end looks from further away."""
        if self._reason is None:
            self._reason = reason

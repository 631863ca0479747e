"""One thread that calls what is due, so that a wait holds no thread of its own."""

import heapq
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.domain.ports import Clock


@dataclass(order=True, slots=True)
class _Appointment:
    due: float
    number: int
    call: Callable[[], None] = field(compare=False)


class Timer:
    """Calls functions at a monotonic time. They must be quick: they all share the one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[_Appointment] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timer", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Forget what is not due yet and end the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call it once, so many seconds from now."""
        with self._changed:
            appointment = _Appointment(self._clock.monotonic() + seconds, next(self._numbers), call)
            heapq.heappush(self._heap, appointment)
            if self._heap[0] is appointment:
                self._changed.notify()

    def _run(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopping:
                if not self._heap:
                    self._changed.wait()
                elif (wait := self._heap[0].due - self._clock.monotonic()) > 0:
                    self._changed.wait(wait)
                else:
                    return heapq.heappop(self._heap).call
            return None

"""A steady client-side limit, shared by all handler threads."""

import threading
import time

from worker.errors import NotSent


class Pace:
    """Lets calls begin at even distances: at most `per_minute` of them, 0 for no limit."""

    def __init__(self, per_minute: int) -> None:
        self._distance_seconds = 60.0 / per_minute if per_minute else 0.0
        self._next_at = 0.0
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def wait(self) -> None:
        """Return when it is this call's turn. Raises NotSent when the worker ends meanwhile."""
        if not self._distance_seconds:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + self._distance_seconds
        if self._ended.wait(turn - now):
            raise NotSent("the worker ends before it was this call's turn")

    def end(self) -> None:
        """Let nobody wait any more."""
        self._ended.set()

"""A steady client-side limit, shared by all handler threads."""

import threading
import time


class Pace:
    """Lets calls begin at even distances: at most `per_minute` of them, 0 for no limit."""

    def __init__(self, per_minute: int) -> None:
        self._distance_seconds = 60.0 / per_minute if per_minute else 0.0
        self._next_at = 0.0
        self._lock = threading.Lock()
        self._never = threading.Event()

    def wait(self) -> None:
        """Return when it is this call's turn."""
        if not self._distance_seconds:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next_at)
            self._next_at = turn + self._distance_seconds
        self._never.wait(turn - now)

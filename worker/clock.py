"""The real clock."""

import math
import time


class SystemClock:
    """Implements the `Clock` port. Its time of day never goes back, though the machine's may."""

    def __init__(self) -> None:
        self._epoch = -math.inf

    def now(self) -> float:
        """Return epoch seconds. They follow the machine's clock ahead at once: a suspended machine's lease is over."""
        monotonic = time.monotonic()
        # Followed back by an hour, everything that was dated before would be waited for an hour longer.
        self._epoch = max(self._epoch, time.time() - monotonic)
        return monotonic + self._epoch

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

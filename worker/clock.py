"""The real clock."""

import time


class SystemClock:
    """Implements the `Clock` port."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

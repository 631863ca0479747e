"""A clock that goes on only when a test says so."""


class FakeClock:
    """Both clocks go on together; they begin at different moments, so that mixing them up shows."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now(self) -> float:
        """Epoch seconds."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._monotonic += seconds

    def set_wall(self, now: float) -> None:
        """Set the wall clock alone, as an administrator does, or a machine that was suspended."""
        self._now = now

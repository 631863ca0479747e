"""The provider's rate limit: so many calls of one login in a window of fixed length."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a login has left after a call: further calls, until in `seconds` the next window opens.

    `is_exceeded` says that this very call was one too many.
    """

    limit: int
    remaining: int
    seconds: float
    is_exceeded: bool


@dataclass(slots=True)
class _Window:
    """One login's calls since `opened_at` (monotonic seconds)."""

    opened_at: float
    calls: int = 0


class Throttle:
    """Counts calls per login; a call beyond the limit counts as well, and the next window starts with a clean sheet."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def count(self, login: str, limit: int, window_seconds: float, now: float) -> Allowance:
        """Counts one call and says what is left."""
        window = self._windows.get(login)
        if window is None or now >= window.opened_at + window_seconds:
            window = self._windows[login] = _Window(now)
        window.calls += 1
        left = window.opened_at + window_seconds - now
        return Allowance(limit, max(0, limit - window.calls), left, is_exceeded=window.calls > limit)

"""The provider's rate limit: so many calls of one login in a window of fixed length."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Window:
    """One login's calls since `opened_at` (monotonic seconds)."""

    opened_at: float
    calls: int = 0


class Throttle:
    """Counts calls per login; a call beyond the limit counts as well, and the next window starts with a clean sheet."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def seconds_to_wait(self, api_user: str, limit: int, window_seconds: float, now: float) -> float | None:
        """Counts one call: None when it is within the limit, else the seconds until calls are let through again."""
        window = self._windows.get(api_user)
        if window is None or now >= window.opened_at + window_seconds:
            window = self._windows[api_user] = _Window(now)
        window.calls += 1
        return None if window.calls <= limit else window.opened_at + window_seconds - now

"""How long to wait before the next attempt to connect."""

from collections.abc import Callable
from dataclasses import dataclass

FLOOR_SECONDS = 0.2
CEILING_SECONDS = 15.0
PROVEN_SECONDS = 5.0


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

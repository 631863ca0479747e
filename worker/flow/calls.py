"""What the last calls to the provider say about it. Pure; the times are epoch seconds."""

from collections import deque
from dataclasses import dataclass, field

_WINDOW_CALLS = 20
_WINDOW_CUSTOMERS = 3


@dataclass(slots=True)
class Calls:
    """The last twenty calls, and when the provider was last well for whom."""

    _window: deque[tuple[str, bool]] = field(default_factory=lambda: deque(maxlen=_WINDOW_CALLS))
    _well: tuple[str, float] | None = None
    _well_for_others: float | None = None

    def succeeded(self, customer: str, now: float) -> None:
        """One customer's call was answered."""
        self._window.append((customer, True))
        if self._well is not None and self._well[0] != customer:
            self._well_for_others = self._well[1]
        self._well = (customer, now)

    def probe_succeeded(self, now: float) -> None:
        """The probe was answered: proof for everybody, and a clean sheet."""
        self._window.clear()
        self._well = ("", now)
        self._well_for_others = now

    def failed(self, customer: str) -> None:
        """One customer's call failed for a reason that may be the provider's."""
        self._window.append((customer, False))

    def forget(self) -> None:
        """Start the window anew, so that one bad spell is not counted twice."""
        self._window.clear()

    @property
    def too_many_failed(self) -> bool:
        """At least half of twenty, over at least three customers; also when nothing ever succeeded."""
        failed = [customer for customer, well in self._window if not well]
        return 2 * len(failed) >= _WINDOW_CALLS and len(set(failed)) >= _WINDOW_CUSTOMERS

    @property
    def well_at(self) -> float | None:
        """When anybody was last answered."""
        return self._well[1] if self._well else None

    def well_for_others_at(self, customer: str) -> float | None:
        """When somebody else than this customer was last answered."""
        if self._well is not None and self._well[0] != customer:
            return self._well[1]
        return self._well_for_others

"""What the last calls with one login say about the provider. Pure; the times are epoch seconds.

Two questions are answered here, and they need different evidence. Whether to stop: half of the last twenty calls
failed, over three customers. And whose a single failure was: a provider at which every second call fails answers
somebody well all the time, so one success proves little about it. A failure is its command's own only

- when another customer was answered since, and fewer than a quarter of the others' calls failed, or
- when the probe was answered since, none of its last five failed, and fewer than ten customers had failures: against
  ten customers a neutral question proves nothing, because a provider may answer questions and apply no change.

A command needs twenty such failures to be given up, or a handful where its request is refused by a status alone. Of the
twenty: with independent failures at any rate its own success comes first, but for less than one in a thousand million.
"""

from collections import deque
from dataclasses import dataclass, field

from worker.domain.recoverability import Blame

_WINDOW_CALLS = 20
_WINDOW_CUSTOMERS = 3
#: A quarter of the window, by at least two others: a single unlucky customer does not excuse everybody.
_UNSTEADY_CALLS = 5
_UNSTEADY_CUSTOMERS = 2
_MANY_CUSTOMERS = 10
_PROBES = 5

_Made = deque[tuple[str, bool]]


def _window() -> _Made:
    return deque(maxlen=_WINDOW_CALLS)


@dataclass(slots=True)
class CallWindow:
    """The last twenty calls, the last five probes, and when the provider was last well for whom."""

    _spell: _Made = field(default_factory=_window)
    _recent: _Made = field(default_factory=_window)
    _probes: deque[bool] = field(default_factory=lambda: deque(maxlen=_PROBES))
    _well: tuple[str, float] | None = None
    _well_for_others: float | None = None
    _probe_well_at: float | None = None
    _probe_failed_at: float | None = None

    def succeeded(self, customer: str, now: float) -> None:
        """One customer's call was answered."""
        self._note(customer, well=True)
        if self._well is not None and self._well[0] != customer:
            self._well_for_others = self._well[1]
        self._well = (customer, now)

    def failed(self, customer: str) -> None:
        """One customer's call failed for a reason that may be the provider's."""
        self._note(customer, well=False)

    def probe_succeeded(self, now: float) -> None:
        """The probe was answered: whether to stop is asked anew."""
        self._spell.clear()
        self._probes.append(True)
        self._probe_well_at = now

    def probe_failed(self, now: float) -> None:
        """The probe failed too."""
        self._probes.append(False)
        self._probe_failed_at = now

    def forget(self) -> None:
        """Ask anew whether to stop, so that one bad spell does not stop twice; what is known of it stays known."""
        self._spell.clear()

    @property
    def too_many_failed(self) -> bool:
        """At least half of twenty, over at least three customers; also when nothing ever succeeded."""
        failed = _failed(self._spell)
        return 2 * len(failed) >= _WINDOW_CALLS and len(set(failed)) >= _WINDOW_CUSTOMERS

    @property
    def well_at(self) -> float | None:
        """When anybody, or the probe, was last answered."""
        return max((at for at in (self._well and self._well[1], self._probe_well_at) if at is not None), default=None)

    def blame(self, customer: str, since: float) -> Blame:
        """Whose the failure was that this customer's command met at that time, as far as is known by now."""
        if _is_later(self._probe_failed_at, since) or self._probe_failed_at == since:
            return Blame.PROVIDER
        if _is_later(self._probe_well_at, since) and self._is_probe_believed:
            return Blame.COMMAND
        if self._is_unsteady_for_others(customer):
            return Blame.PROVIDER
        return Blame.COMMAND if _is_later(self._well_for_others_at(customer), since) else Blame.OPEN

    def _note(self, customer: str, *, well: bool) -> None:
        self._spell.append((customer, well))
        self._recent.append((customer, well))

    @property
    def _is_probe_believed(self) -> bool:
        return all(self._probes) and len(set(_failed(self._recent))) < _MANY_CUSTOMERS

    def _is_unsteady_for_others(self, customer: str) -> bool:
        failed = [other for other in _failed(self._recent) if other != customer]
        return len(failed) >= _UNSTEADY_CALLS and len(set(failed)) >= _UNSTEADY_CUSTOMERS

    def _well_for_others_at(self, customer: str) -> float | None:
        if self._well is not None and self._well[0] != customer:
            return self._well[1]
        return self._well_for_others


def _failed(made: _Made) -> list[str]:
    return [customer for customer, well in made if not well]


def _is_later(at: float | None, since: float) -> bool:
    return at is not None and at > since

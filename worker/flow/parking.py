"""Parks what cannot run, so that commands which cannot run never keep the others from the broker's queue.

A full window of which nothing can run, while the provider is well, is written into the ledger in one commit and then
acked; the broker hands over what comes behind. Between the commit and the acks a crash leaves both: the broker's copy
then stands behind the parked one, finds it done, and repeats its event.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Protocol

from worker.domain.deliveries import Receipt
from worker.domain.ports import ParkingLot
from worker.domain.work import Parked, Step
from worker.errors import LedgerError
from worker.flow.holding import Stuck

_LOOK_SECONDS = 0.2
_LOOKS_PER_ADOPTION = 10
#: Right after a new connection's first deliveries, or between two turns, a window may look stuck for a moment.
_LOOKS_TO_BE_SURE = 2


class Holder(Protocol):
    """Who holds what may be parked: the dispatcher."""

    @property
    def parked(self) -> int:
        """How many are parked."""

    def stuck(self, window: int) -> Stuck | None:
        """What to park; None when nothing is to be parked."""

    def park(self, stuck: Stuck, places: Sequence[Parked]) -> list[int]:
        """Take note that these are parked; returns the positions that nobody needs any more."""

    def adopt(self, places: Sequence[Parked]) -> None:
        """Run these too."""


class ParkListener(Protocol):
    """Who must know when something is parked."""

    def parked(self, count: int, total: int) -> None:
        """So many were parked now, and so many are in all."""

    def adopted(self, count: int) -> None:
        """So many were taken over from processes that are gone."""


@dataclass(frozen=True, slots=True)
class Yard:
    """The two sides of parking: who holds the commands and answers the broker, and where they are written down.

    `window`: how many deliveries the broker hands over at once. `reached` hears when some are written down and not yet
    acked.
    """

    holder: Holder
    ack: Callable[[Receipt], None]
    lot: ParkingLot
    window: int
    reached: Callable[[Step], None] = lambda _step: None


@dataclass(slots=True)
class _Errands:
    """What could not be done while the ledger was away, or was done nobody knows how far."""

    spent: list[int] = field(default_factory=list)
    unsure: bool = False


class Parking:
    """One thread that looks from time to time. What the ledger cannot do now is tried again at the next look."""

    def __init__(self, yard: Yard, listener: ParkListener) -> None:
        self._yard = yard
        self._listener = listener
        self._errands = _Errands()
        self._looks_stuck = 0
        self._looks = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="parking", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread still turns."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Take over what an earlier process left, then start the thread."""
        self.look()
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what is under way; safe to call twice, and before start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Park what is stuck, and now and then take over what others left; called by the thread."""
        try:
            self._catch_up()
            if self._looks % _LOOKS_PER_ADOPTION == 0:
                self._adopt()
            self._looks += 1
            self._park()
        except LedgerError:
            # Whoever runs a command meets it too, and says so.
            self._looks_stuck = 0

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self.look()

    def _adopt(self) -> None:
        self._errands.unsure = True
        places = self._yard.lot.adopt()
        self._errands.unsure = False
        if places:
            self._yard.holder.adopt(places)
            self._listener.adopted(len(places))

    def _catch_up(self) -> None:
        errands, lot = self._errands, self._yard.lot
        if errands.unsure:
            # A commit whose answer was lost may be on disk: then they are ours, and stand before what we hold.
            self._yard.holder.adopt(lot.mine())
            errands.unsure = False
        if errands.spent:
            lot.clear(errands.spent)
            errands.spent = []

    def _park(self) -> None:
        stuck = self._yard.holder.stuck(self._yard.window)
        self._looks_stuck = self._looks_stuck + 1 if stuck else 0
        if stuck is None or self._looks_stuck < _LOOKS_TO_BE_SURE:
            return
        self._errands.unsure = True
        places = self._yard.lot.park(stuck.works)
        self._yard.reached(Step.PARKED)
        self._errands.unsure = False
        self._errands.spent += self._yard.holder.park(stuck, places)
        for work in stuck.works:
            self._yard.ack(work.delivery.receipt)
        self._listener.parked(len(places), self._yard.holder.parked)
        self._catch_up()

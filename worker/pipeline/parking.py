"""Parks what cannot run, so that commands which cannot run never keep the others from the broker's queue.

A full window of which nothing can run, while the provider is well, is written into the ledger in one commit and then
acked; the broker hands over what comes behind. Between the commit and the acks a crash leaves both: the broker's copy
then stands behind the parked one, finds it done, and repeats its event.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from worker.domain.deliveries import Receipt
from worker.domain.ports import ParkingStore
from worker.domain.telemetry import CommandsParked, Emit, ParkedCommandsTakenOver
from worker.domain.work import Step
from worker.errors import LedgerError, NotTaken, Unstorable
from worker.lifecycle import RepeatingPart
from worker.pipeline.scheduling.dispatcher import Dispatcher
from worker.pipeline.scheduling.scheduler import Backlog

_LOOK_SECONDS = 0.2
_LOOKS_PER_ADOPTION = 10
#: Right after a new connection's first deliveries, or between two turns, a window may look stuck for a moment.
_LOOKS_TO_BE_SURE = 2
#: Twenty seconds, a little more than a lease: after the ledger was away, those who live have renewed theirs by then.
_LOOKS_AFTER_AN_OUTAGE = 100
#: Fifteen seconds: a process that has no broker for so long cannot answer, and gives up what is parked to others.
_LOOKS_WITHOUT_BROKER = 75
#: A commit of more would keep the ledger's one writer from the claims of others, and from the lease.
_MOST_AT_ONCE, _MOST_BYTES_AT_ONCE = 250, 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Window:
    """The broker's window of unsettled deliveries: how many it hands over at once, how they are acked, whether now."""

    size: int
    ack: Callable[[Receipt], None]
    connected: Callable[[], bool] = lambda: True


@dataclass(slots=True)
class _Errands:
    """What could not be done while the ledger was away, or was done nobody knows how far."""

    spent: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    unsure: bool = False


@dataclass(slots=True)
class _Looks:
    """How many looks have found it so, one after the other; `to_adoption`: how many to go until the next one."""

    stuck: int = 0
    alone: int = 0
    to_adoption: int = 0


class Parking(RepeatingPart):
    """Looks from time to time. What the ledger cannot do now is tried again at the next look."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        parking_store: ParkingStore,
        window: Window,
        emit: Emit,
        reached: Callable[[Step], None] = lambda _step: None,
    ) -> None:
        """`reached` hears when some are written down and not yet acked."""
        super().__init__("parking", _LOOK_SECONDS)
        self._dispatcher = dispatcher
        self._parking_store = parking_store
        self._window = window
        self._emit = emit
        self._reached = reached
        self._errands = _Errands()
        self._looks = _Looks()
        self._parked = 0  # so many commands since the start

    def look(self) -> None:
        """Park what is stuck, take over what others left, give up what this process cannot answer."""
        looks = self._looks
        looks.alone = 0 if self._window.connected() else looks.alone + 1
        try:
            self._catch_up()
            if looks.alone:
                self._release_in_time()
                return
            self._adopt_in_time()
            self._park()
        except LedgerError:
            # Whoever runs a command meets it too, and says so.
            looks.stuck, looks.to_adoption = 0, _LOOKS_AFTER_AN_OUTAGE

    def _adopt_in_time(self) -> None:
        self._looks.to_adoption -= 1
        if self._looks.to_adoption > 0:
            return
        self._looks.to_adoption = _LOOKS_PER_ADOPTION
        self._errands.unsure = True
        places = self._parking_store.adopt()
        self._errands.unsure = False
        if places:
            self._dispatcher.adopt(places)
            self._emit(ParkedCommandsTakenOver(len(places)))

    def _release_in_time(self) -> None:
        if self._looks.alone >= _LOOKS_WITHOUT_BROKER:
            self._errands.released += self._dispatcher.release()
            self._catch_up()

    def _catch_up(self) -> None:
        errands, parking_store = self._errands, self._parking_store
        if errands.unsure:
            # A commit whose answer was lost may be on disk: then they are ours, and stand before what we hold.
            self._dispatcher.adopt(parking_store.mine())
            errands.unsure = False
        if errands.spent:
            parking_store.clear(errands.spent)
            errands.spent = []
        if errands.released:
            parking_store.release(errands.released)
            errands.released = []

    def _park(self) -> None:
        backlog = self._dispatcher.backlog(self._window.size)
        self._looks.stuck = self._looks.stuck + 1 if backlog else 0
        if backlog is None or self._looks.stuck < _LOOKS_TO_BE_SURE:
            return
        before = self._parked
        try:
            for portion in backlog.portions(_MOST_AT_ONCE, _MOST_BYTES_AT_ONCE):
                if not (portion.is_lost or self._park_portion(portion)):
                    break
        finally:
            if self._parked > before:
                self._emit(CommandsParked(self._parked - before, self._dispatcher.parked))

    def _park_portion(self, backlog: Backlog) -> bool:
        """Park these; False when one of them cannot be: the next look leaves it out, with all that is behind it."""
        self._errands.unsure = True
        try:
            places = self._parking_store.park(backlog.works)
        except (Unstorable, NotTaken):
            # One of them cannot be held: its own claim says so when its turn comes.
            self._errands.unsure = False
            if len(backlog.works) > 1:
                return all(map(self._park_portion, backlog.portions(1, 0)))
            self._dispatcher.leave_unparked(backlog.jobs[0])
            return False
        self._reached(Step.PARKED)
        self._errands.unsure = False
        self._errands.spent += self._dispatcher.park(backlog, places)
        for work in backlog.works:
            self._window.ack(work.delivery.receipt)
        self._parked += len(backlog.works)
        self._catch_up()
        return True

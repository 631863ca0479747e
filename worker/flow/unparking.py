"""Runs parked commands like all others: read from the ledger when their turn comes, and cleared there."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from worker.domain.deliveries import Delivery, Receipt
from worker.domain.ports import Clock, ParkingLot, Settlement
from worker.domain.work import Parked, Settled, Verdict, Wait, Work
from worker.errors import Unsealable

_UNSEALABLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TakingUp:
    """How a command is read, and run; `unsealable` hears of one that cannot be read."""

    read: Callable[[Delivery], Work]
    run: Callable[[Work], Verdict]
    unsealable: Callable[[str], None]


class Unparking:
    """The way of a delivery, for a command that may be parked."""

    def __init__(self, taking_up: TakingUp, lot: ParkingLot, clock: Clock) -> None:
        self._taking_up = taking_up
        self._lot = lot
        self._clock = clock

    def run(self, work: Work | Parked) -> Verdict:
        """Run it; one that was cleared meanwhile is settled. Raises what its run raises, and LedgerError."""
        if isinstance(work, Work):
            return self._taking_up.run(work)
        if work.told:
            self._lot.clear([work.position])
            return Settled()
        try:
            delivery = self._lot.fetch(work.position)
        except Unsealable as fault:
            # It concerns one customer: nobody else waits for the key.
            self._taking_up.unsealable(str(fault))
            return Wait(self._clock.now() + _UNSEALABLE_SECONDS)
        if delivery is None:
            return Settled()
        return self._taking_up.run(replace(self._taking_up.read(delivery), alone=work.alone))


class Answers:
    """Settles with whom a command came from: the broker, or the ledger where it was parked."""

    def __init__(self, broker: Settlement, lot: ParkingLot) -> None:
        self._broker = broker
        self._lot = lot

    def ack(self, receipt: Receipt) -> None:
        """Ack a delivery, or forget a parked command. Raises LedgerError when that is not possible now."""
        position = receipt.position
        if position is None:
            self._broker.ack(receipt)
        else:
            self._lot.clear([position])

"""Runs parked commands like all others: read from the ledger when their turn comes, and cleared there."""

from collections.abc import Callable
from dataclasses import replace

from worker.domain.deliveries import Delivery, Receipt
from worker.domain.ports import ParkingLot, Settlement
from worker.domain.work import Parked, Settled, Verdict, Work


class Unparking:
    """The way of a delivery, for a command that may be parked."""

    def __init__(self, run: Callable[[Work], Verdict], read: Callable[[Delivery], Work], lot: ParkingLot) -> None:
        self._run = run
        self._read = read
        self._lot = lot

    def run(self, work: Work | Parked) -> Verdict:
        """Run it; one that was cleared meanwhile is settled. Raises what its run raises, and LedgerError."""
        if isinstance(work, Work):
            return self._run(work)
        if work.told:
            self._lot.clear([work.position])
            return Settled()
        delivery = self._lot.fetch(work.position)
        if delivery is None:
            return Settled()
        return self._run(replace(self._read(delivery), alone=work.alone))


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

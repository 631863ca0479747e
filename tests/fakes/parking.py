"""A parking store in memory, in the storage of the ledger in memory."""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

from tests.fakes.answers import answered
from tests.fakes.ledger import FakeLedger
from tests.fakes.rows import FakeParked
from worker.domain.deliveries import Delivery, Receipt
from worker.domain.work import Parked, Work
from worker.ledger.keys import Cipher
from worker.ledger.parking_store import seal, unseal

NOBODY = "nobody"
_CIPHER = Cipher([f"{'a':A<43}="])


class FakeParkingStore:
    """One process's parking store, in the ledger's storage. Broken, every call raises LedgerUnavailable."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self._parked = ledger.storage.parked

    def park(self, works: Sequence[Work]) -> Sequence[Parked]:
        """Put them behind all that are parked."""
        with self._ledger.working():
            return [self._put(work) for work in works]

    def adopt(self) -> Sequence[Parked]:
        """Take over what belongs to nobody who lives."""
        with self._ledger.working():
            leases = self._ledger.storage.leases
            left = [at for at, each in self._parked.items() if leases.get(each.owner, 0.0) <= self._ledger.clock.now()]
            taken = [at for at in sorted(left) if self._parked[at].owner != self._ledger.owner]
            for at in taken:
                self._parked[at] = replace(self._parked[at], owner=self._ledger.owner, adopted=True)
            return [self._parked[at].place for at in taken]

    def mine(self) -> Sequence[Parked]:
        """All of this process."""
        with self._ledger.working():
            return [each.place for _, each in sorted(self._parked.items()) if each.owner == self._ledger.owner]

    def fetch(self, position: int) -> Delivery | None:
        """Read one as it was delivered."""
        with self._ledger.working():
            kept = self._parked.get(position)
            now = self._ledger.clock.monotonic()
            if kept is None:
                return None
            delivery = unseal(_CIPHER, kept.sealed, Receipt.of_parked(position), now)
            return replace(delivery, redelivered=delivery.redelivered or kept.adopted)

    def clear(self, positions: Sequence[int]) -> None:
        """Forget these."""
        with self._ledger.working():
            for position in positions:
                self._parked.pop(position, None)

    def clear_soon(self, position: int) -> "Future[None]":
        """As `clear`, answered at once."""
        return answered(self.clear, [position])

    def release(self, positions: Sequence[int]) -> None:
        """Make them nobody's."""
        with self._ledger.working():
            for at in positions:
                kept = self._parked.get(at)
                if kept is not None and kept.owner == self._ledger.owner:
                    self._parked[at] = replace(kept, owner=NOBODY)

    def _put(self, work: Work) -> Parked:
        place = Parked(next(self._ledger.storage.positions), work.lanes, work.login)
        self._parked[place.position] = FakeParked(self._ledger.owner, seal(_CIPHER, work.delivery), place)
        return place

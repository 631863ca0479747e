"""Consumes from the broker and answers it: deliveries go to an Intake, acks come back from any thread."""

from dataclasses import dataclass

from worker.broker.address import AddressSource, Role
from worker.broker.consuming import ConsumeSession
from worker.broker.findings import Mode
from worker.broker.loop import BrokerLoop, LoopState
from worker.broker.observing import BrokerObserver
from worker.broker.settlement import Acks
from worker.broker.topology import Topology
from worker.domain.deliveries import Receipt
from worker.domain.ports import Intake


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is consumed. `prefetch` (messages) never changes while running: returned messages would overtake others."""

    topology: Topology
    queues: tuple[str, ...]
    prefetch: int
    mode: Mode = Mode.LOOK
    role: Role = Role.CONSUME


class Consumer:
    """Keeps the subscription alive, and is its Settlement port.

    Each subscription has its own epoch, and a receipt is valid within its epoch only: the same number means another
    message on the next channel, and acking it there would remove a message nobody has handled.
    """

    def __init__(
        self,
        address: AddressSource,
        subscription: Subscription,
        intake: Intake,
        observer: BrokerObserver,
    ) -> None:
        self._loop = BrokerLoop(subscription.role, address, observer)
        self._acks = Acks(self._loop, subscription.prefetch)
        self._session = ConsumeSession(self._loop, subscription, intake, self._acks)

    @property
    def state(self) -> LoopState:
        """Whether the connection lives; `connected` once the broker has accepted every subscription."""
        return self._loop.state

    def start(self) -> None:
        """Begin to connect, and return."""
        self._loop.start(self._session)

    def ack(self, receipt: Receipt) -> None:
        """Ack soon, from any thread, without blocking; a stale receipt is dropped in silence (it comes again)."""
        self._acks.give(receipt)

    def give_back(self) -> None:
        """Return everything unsettled to the queue, in order, and subscribe again. Acks given before are sent first."""
        self._loop.post(self._session.give_back)

    def stop(self, deadline_seconds: float = 5.0) -> bool:
        """Send the acks given so far and end; what is held returns to the queue in its order. False when cut off."""
        return self._loop.stop(self._session.depart, deadline_seconds)

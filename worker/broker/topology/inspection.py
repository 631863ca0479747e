"""A look at the topology for a person: one connection, one survey, one report."""

import threading

from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.loop import BrokerLoop
from worker.broker.connection.wire import WireConnection
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode, Survey
from worker.broker.topology.surveyor import Surveyor
from worker.domain.telemetry import discard_event
from worker.errors import BrokerUnreachable

FAREWELL_SECONDS = 2.0


def inspect_topology(address: BrokerAddress, topology: Topology, mode: Mode, timeout_seconds: float = 15.0) -> Survey:
    """Survey the broker once and report. Raises BrokerUnreachable when it cannot be asked within the time."""
    inspection = _Inspection(topology, mode)
    loop = inspection.loop = BrokerLoop(Role.ERRAND, lambda: address, discard_event)
    loop.start(inspection)
    try:
        inspection.over.wait(timeout_seconds)
    finally:
        loop.stop(WireConnection.close, FAREWELL_SECONDS)
    if inspection.report is None:
        reason = inspection.reason or f"no answer within {timeout_seconds:g} s"
        raise BrokerUnreachable(f"the broker at {address} cannot be asked: {reason}")
    return inspection.report


class _Inspection:
    """Session of the one connection: whichever ends first, the report or the attempt, ends the wait."""

    loop: BrokerLoop

    def __init__(self, topology: Topology, mode: Mode) -> None:
        self.over = threading.Event()
        self.report: Survey | None = None
        self.reason: str | None = None
        self._topology = topology
        self._mode = mode

    def opened(self, connection: WireConnection) -> None:
        """Begin the survey."""
        Surveyor(connection, self.loop.guard, self._surveyed).begin(self._topology, self._mode)

    def woken(self) -> None:
        """Nothing comes from other threads."""

    def ticked(self) -> None:
        """Nothing is due by the clock."""

    def closed(self, reason: str) -> None:
        """End the wait: a person would rather know now than have it tried again."""
        self.reason = reason
        self.over.set()

    def _surveyed(self, report: Survey) -> None:
        self.report = report
        self.over.set()

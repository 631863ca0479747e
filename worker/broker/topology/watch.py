"""Looks at the topology again and again while the connection lives: what somebody deletes is noticed within seconds.

The broker does not say that an exchange or a binding is gone. Only emitters would see it, as commands that come back to
them or are lost, while the worker waits for commands that can no longer reach its queue.
"""

import time
from collections.abc import Mapping
from functools import partial

from worker.broker.connection.loop import Guard
from worker.broker.connection.wire import WireConnection
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Condition, Mode, Survey
from worker.broker.topology.surveyor import Surveyor
from worker.domain.telemetry import Emit, TopologyComplete, TopologyDeclaredAgain, TopologyIncomplete

INTERVAL_SECONDS = 5.0


class TopologyWatch:
    """Surveys on channels of its own, one question after the other. Belongs to the loop's thread.

    With `declare` it declares what is missing and binds again; else it only looks, and what is missing is reported. It
    never compares arguments: the survey that begins each connection does. Each look counts the ready messages, too.
    """

    def __init__(self, topology: Topology, guard: Guard, emit: Emit, *, declare: bool) -> None:
        self._topology = topology
        self._guard = guard
        self._emit = emit
        self._mode = Mode.RESTORE if declare else Mode.LOOK
        self._connection: WireConnection | None = None
        self._due_at = 0.0
        self._under_way = False
        self.faults: tuple[str, ...] = ()
        self.depths: Mapping[str, int] = {}

    def begin(self, connection: WireConnection, report: Survey) -> None:
        """Look over this connection from now on; it has just been surveyed, so the first look is due later."""
        self._connection = connection
        self.depths = report.depths
        self._under_way = False
        self._due_at = time.monotonic() + INTERVAL_SECONDS

    def end(self) -> None:
        """The connection is gone, and with it what is known: the next one is surveyed at its beginning."""
        self._connection = None
        self.faults = ()
        self.depths = {}

    def tick(self) -> None:
        """Begin a look when one is due and the last one is over."""
        connection = self._connection
        if connection is None or self._under_way or time.monotonic() < self._due_at:
            return
        self._under_way = True
        Surveyor(connection, self._guard, partial(self._surveyed, connection)).begin(self._topology, self._mode)

    def _surveyed(self, connection: WireConnection, report: Survey) -> None:
        if connection is not self._connection:
            return
        self._under_way = False
        self._due_at = time.monotonic() + INTERVAL_SECONDS
        self.depths = report.depths
        declared = tuple(str(each.item) for each in report.findings if each.condition is Condition.DECLARED)
        if declared:
            self._emit(TopologyDeclaredAgain(declared))
        faults = tuple(f"{each.item}: {each.detail}" for each in report.faults)
        if faults != self.faults:
            self.faults = faults
            self._emit(TopologyIncomplete(faults) if faults else TopologyComplete())

"""Warns of emitters whose commands the broker may throw out, or hand over in another order than they were published in.

The broker does both by properties of the message, without asking the worker. That such properties are set
can be seen in the commands that do arrive.
"""

from collections.abc import Iterator, Mapping

import structlog

from worker.domain.deliveries import Properties
from worker.domain.work import Requested, Work
from worker.telemetry.guarding import never_raising
from worker.telemetry.metrics import Metrics

_Log = structlog.typing.FilteringBoundLogger

#: What a quorum queue takes a message without a priority for, in every version that has priorities.
_USUAL_PRIORITY = 4
#: So many sources are known; whoever makes up a new one for each command must not fill the memory or the log.
_MOST_SOURCES = 1_000
_NAMELESS = "unknown"

_EXPIRES = (
    "Its emitter sets `expiration`. A command that is not settled in that time, also because the worker is stopped or "
    "paused, is thrown out by the broker, and no event answers it. Have the emitter set none."
)
_OVERTAKES = (
    "Its emitter sets a `priority` above 4. RabbitMQ 4 hands such commands over before earlier ones, also of the same "
    "customer, and no setting of the queue prevents it. Have the emitter set none."
)
_IS_OVERTAKEN = (
    "Its emitter sets a `priority` below 4. From RabbitMQ 4.3 on, later commands without a priority, which count as 4, "
    "are handed over before it, also of the same customer. Have the emitter set none."
)


class EmitterWatcher:
    """Counts every such delivery, and logs each source once for each property. Called on the consumer's thread."""

    def __init__(self, metrics: Metrics, log: _Log) -> None:
        self._counted = metrics.risky_properties.labels
        self._log = log
        self._warned: set[tuple[str, str]] = set()

    def arrived(self, work: Work) -> Work:
        """Look at a delivery's properties; returns the work as it is. What is parked already has arrived before."""
        self._look(work)
        return work

    @never_raising
    def _look(self, work: Work) -> None:
        properties, receipt = work.delivery.properties, work.delivery.receipt
        if receipt.position is None and (properties.expiration is not None or properties.priority is not None):
            for event, risk in _risks(properties):
                self._counted(risk["property"]).inc()
                self._warn(work, event, risk)

    def _warn(self, work: Work, event: str, risk: Mapping[str, str]) -> None:
        source, command_id = _named(work)
        warning = (source, event)
        if warning not in self._warned and len(self._warned) < _MOST_SOURCES:
            self._warned.add(warning)
            self._log.warning(event, command_source=source, command_id=command_id, **risk)


def _risks(properties: Properties) -> Iterator[tuple[str, Mapping[str, str]]]:
    if properties.expiration is not None:
        yield "command_may_expire", {"property": "expiration", "value": properties.expiration, "detail": _EXPIRES}
    priority = properties.priority
    if priority is not None and priority != _USUAL_PRIORITY:
        detail = _OVERTAKES if priority > _USUAL_PRIORITY else _IS_OVERTAKEN
        yield "command_may_change_places", {"property": "priority", "value": str(priority), "detail": detail}


def _named(work: Work) -> tuple[str, str | None]:
    """Whose it is, by its envelope; else by what the emitter's library says of itself."""
    named = work.content.envelope if isinstance(work.content, Requested) else work.content.name
    if named is not None:
        return named.source, named.id
    return work.delivery.properties.app_id or _NAMELESS, work.delivery.properties.message_id

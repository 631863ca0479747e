"""Whether the login may do what the worker does, asked in ways that change nothing."""

from collections.abc import Callable, Iterator
from typing import Any

from pika.exceptions import ChannelClosedByBroker

from worker.broker.topology.model import Binding, Topology
from worker.broker.topology.survey import Condition, Reply, Survey
from worker.doctor.facts import RightFacts

#: A blocking connection or a channel of it: pika ships no types for them.
Blocking = Any
#: No consumer's priority is a word, so the broker refuses the consumer, but only after it has looked at the rights.
_NO_PRIORITY = {"x-priority": "none"}
_NO_KEY = "doctor.asks.whether.this.may.be.unbound"


def may_configure(report: Survey) -> bool | None:
    """Whether it may declare: the survey has just declared again what is there, which changes nothing."""
    tried = {found.condition for found in report.findings if not isinstance(found.item, Binding)} - {Condition.MISSING}
    return Condition.UNCHECKED not in tried if tried else None


def rights(connection: Blocking, topology: Topology, report: Survey) -> Iterator[RightFacts]:
    """Ask for what cannot be done, in ways whose refusal shows whether the right is there. Missing objects are left."""
    missing = {str(found.item) for found in report.findings if found.condition is Condition.MISSING}
    for queue in topology.command_queues:
        if f"queue {queue}" not in missing:
            yield RightFacts("read", queue, _may_read(connection, queue))
    for exchange in (topology.events, topology.dead_letters):
        if f"exchange {exchange}" not in missing:
            yield RightFacts("write", exchange, _may_write(connection, exchange, topology.commands))


def _may_read(connection: Blocking, queue: str) -> bool | None:
    def consume(channel: Blocking) -> None:
        # Should a version to come accept it all the same, it takes one message for a moment and no window of them.
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(queue, _ignored, arguments=_NO_PRIORITY)

    code, _ = answer(connection, consume)
    return {Reply.PRECONDITION_FAILED.value: True, Reply.ACCESS_REFUSED.value: False}.get(code)


def _may_write(connection: Blocking, exchange: str, source: str) -> bool | None:
    """Unbind what was never bound: the broker looks first at write on the one exchange, then at read on the other."""

    def unbind(channel: Blocking) -> None:
        channel.exchange_unbind(exchange, source, _NO_KEY)

    code, text = answer(connection, unbind)
    if code == Reply.ACCESS_REFUSED:
        return f"'{exchange}'" not in text
    return True if code == Reply.OK else None


def answer(connection: Blocking, ask: Callable[[Blocking], None]) -> tuple[int, str]:
    """Ask on a channel of its own, which a refusal closes; return the broker's code and words."""
    channel = connection.channel()
    try:
        ask(channel)
    except ChannelClosedByBroker as refusal:
        return refusal.reply_code, refusal.reply_text
    channel.close()
    return Reply.OK, ""


def _ignored(*_: object) -> None:
    """Never called: no consumer is ever accepted."""

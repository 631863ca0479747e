"""Who consumes from our queues, with which window, and how long the broker lets a delivery be held."""

from collections.abc import Iterator
from dataclasses import dataclass

from worker.doctor import lines
from worker.doctor.broker_facts import BrokerFacts, ConsumerFacts, Duty, QueueFacts, QueuePresence
from worker.doctor.facts import SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity
from worker.doctor.rules.matching import applied

#: The broker's own, in seconds, where nobody set another.
_USUAL_TIMEOUT_SECONDS = 1800.0
#: The broker looks once a minute; what is in flight when the window is given back needs its time too.
_MARGIN_SECONDS = 120.0
_ASK_TIMEOUT = "rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).'"


def consumer_rules(broker: BrokerFacts, settings: SettingsFacts) -> Iterator[Finding]:
    """Look at the consumers of each queue that has them."""
    for queue in broker.queues:
        if queue.presence is QueuePresence.MISSING:
            continue
        if queue.duty is Duty.COMMANDS:
            yield from _idle(queue)
            yield from _commands(broker, queue, settings)
            yield from _timeout(broker, queue, settings)
        if queue.duty is not Duty.UNROUTED:
            yield from _foreign(queue)


def _idle(queue: QueueFacts) -> Iterator[Finding]:
    if queue.consumer_count == 0 and queue.ready:
        text = f"{queue.ready} commands wait in {queue.name}, and nobody consumes"
        yield Finding(Rule.SOMEBODY_CONSUMES, Area.BROKER, Severity.RISK, text, "provisioning-worker run", Danger.STOP)


def _commands(broker: BrokerFacts, queue: QueueFacts, settings: SettingsFacts) -> Iterator[Finding]:
    if queue.consumers is None:
        if queue.consumer_count != 0:
            text = f"who consumes from {queue.name}, and with which prefetch, is unknown"
            mend = lines.set_management_url("HOST")
            yield Finding(Rule.OWN_CONSUMERS, Area.BROKER, Severity.UNKNOWN, text, mend, Danger.ORDER)
        return
    active = [each for each in queue.consumers if each.active]
    if len(active) > 1:
        text = f"{len(active)} consumers of {queue.name} are active at once: customers' commands overtake one another"
        mend = lines.remade_queue(broker.vhost, queue.name)
        yield Finding(Rule.ONE_ACTIVE_CONSUMER, Area.BROKER, Severity.BROKEN, text, mend, Danger.ORDER)
    windows = [each.prefetch for each in queue.consumers if each.ours]
    if windows and max(windows) > settings.prefetch:
        text = (
            f"a running worker holds up to {max(windows)} deliveries and PROVISIONING_AMQP__PREFETCH is "
            f"{settings.prefetch}: what is given back to a smaller window comes out of order"
        )
        mend = lines.export("AMQP__PREFETCH", max(windows))
        yield Finding(Rule.PREFETCH_KEPT, Area.BROKER, Severity.RISK, text, mend, Danger.ORDER)


def _foreign(queue: QueueFacts) -> Iterator[Finding]:
    for each in queue.consumers or ():
        if not each.ours:
            yield _stranger(queue, each)


def _stranger(queue: QueueFacts, consumer: ConsumerFacts) -> Finding:
    takes = "gets commands, and their passwords," if queue.duty is Duty.COMMANDS else "takes dead letters away"
    text = (
        f"{consumer.user} consumes from {queue.name} as {consumer.tag!r} ({consumer.connection}), and is no worker of "
        f"ours: it {takes} that nobody applies"
        if queue.duty is Duty.COMMANDS
        else f"{consumer.user} consumes from {queue.name} as {consumer.tag!r} ({consumer.connection}): it {takes}"
    )
    if consumer.priority > 0:
        text += f". Its priority of {consumer.priority} takes the queue away from the worker, from RabbitMQ 4.0 on"
    mend = lines.disconnected(consumer.connection)
    return Finding(Rule.OWN_CONSUMERS, Area.BROKER, Severity.BROKEN, text, mend, Danger.LOSS)


@dataclass(frozen=True, slots=True)
class _Allowed:
    """How long a delivery may be held; `known` when it was read and not assumed."""

    seconds: float
    known: bool


def _timeout(broker: BrokerFacts, queue: QueueFacts, settings: SettingsFacts) -> Iterator[Finding]:
    allowed = _allowed(broker, queue)
    longest = allowed.seconds - _MARGIN_SECONDS
    if settings.hold_seconds <= longest:
        if not allowed.known:
            text = (
                "the broker's consumer timeout cannot be read from outside; its default of 1800 s is long enough for "
                f"PROVISIONING_AMQP__HOLD_SECONDS={settings.hold_seconds:g}"
            )
            yield Finding(Rule.CONSUMER_TIMEOUT, Area.BROKER, Severity.NOTE, text, _ASK_TIMEOUT, Danger.STOP)
        return
    text = (
        f"the broker ends a consumer that holds a delivery for {allowed.seconds:g} s"
        f"{'' if allowed.known else ' unless it was timeouts otherwise'}, and PROVISIONING_AMQP__HOLD_SECONDS is "
        f"{settings.hold_seconds:g}: held commands would be torn away again and again"
    )
    if not allowed.known:
        yield Finding(Rule.CONSUMER_TIMEOUT, Area.BROKER, Severity.UNKNOWN, text, _ASK_TIMEOUT, Danger.STOP)
    elif longest < 1:
        mend = _longer_timeout(broker, queue)
        yield Finding(Rule.CONSUMER_TIMEOUT, Area.BROKER, Severity.RISK, text, mend, Danger.STOP)
    else:
        mend = lines.export("AMQP__HOLD_SECONDS", int(longest))
        yield Finding(Rule.CONSUMER_TIMEOUT, Area.BROKER, Severity.RISK, text, mend, Danger.STOP)


def _allowed(broker: BrokerFacts, queue: QueueFacts) -> _Allowed:
    """A queue's own time, by policy or argument, holds from 3.12 on; before it the key means nothing."""
    policies = [applied(broker.policies or (), queue.name, "queues", operator=each) for each in (False, True)]
    values = [policy.definition.get("consumer-timeout") for policy in policies if policy is not None]
    values.append((queue.arguments or {}).get("x-consumer-timeout"))
    timeouts = [value / 1000 for value in values if isinstance(value, int)]
    return _Allowed(min(timeouts), known=True) if timeouts else _Allowed(_USUAL_TIMEOUT_SECONDS, known=False)


def _longer_timeout(broker: BrokerFacts, queue: QueueFacts) -> str:
    policies = broker.policies or ()
    priority = max((policy.priority for policy in policies), default=0) + 1
    definition = {"consumer-timeout": int(_USUAL_TIMEOUT_SECONDS * 1000)}
    return lines.policy(broker.vhost, lines.Shield(queue.name, definition, priority, operator=False))

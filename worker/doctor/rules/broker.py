"""The broker itself: reached, its version and alarms, the login's rights, who consumes, what waits for a person."""

import re
from collections.abc import Iterator

from worker.doctor import remedies
from worker.doctor.facts import BrokerFacts, ConsumerFacts, Duty, QueueFacts, QueuePresence, SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

_OLDEST = (3, 10)


def broker_rules(broker: BrokerFacts, settings: SettingsFacts) -> Iterator[Finding]:
    """Look at what does not belong to one queue's declaration."""
    if broker.fault:
        text = f"{broker.fault}: no command is taken, and none is lost"
        mend = remedies.export("AMQP__URL", "amqps://USER:PASSWORD@HOST:5671/VHOST")
        yield Finding(Rule.BROKER_REACHED, Area.BROKER, Severity.BROKEN, text, mend, Danger.STOP)
        return
    yield from _management(broker)
    yield from _version(broker)
    yield from _alarms(broker)
    yield from _rights(broker, settings)
    for queue in broker.queues:
        yield from _waiting(broker.vhost, queue)
        yield from _consumers(queue, settings)
    yield from _events(broker)


def _management(broker: BrokerFacts) -> Iterator[Finding]:
    if broker.management.url and broker.management.fault:
        text = f"the management API at {broker.management.url} could not be read: {broker.management.fault}"
        mend = f"rabbitmqctl set_user_tags {broker.management.user or 'USER'} monitoring"
        yield Finding(Rule.MANAGEMENT_READ, Area.BROKER, Severity.UNKNOWN, text, mend)


def _version(broker: BrokerFacts) -> Iterator[Finding]:
    found = re.match(r"(\d+)\.(\d+)", broker.version or "")
    if found is None:
        text = f"the broker says its version is {broker.version}: what holds for it is unknown"
        yield Finding(Rule.BROKER_VERSION, Area.BROKER, Severity.UNKNOWN, text, "rabbitmqctl version", Danger.LOSS)
    elif (int(found[1]), int(found[2])) < _OLDEST:
        text = f"RabbitMQ {broker.version} cannot dead-letter at least once: 3.10 is the oldest that keeps the promise"
        mend = "sudo apt-get install --only-upgrade rabbitmq-server"
        yield Finding(Rule.BROKER_VERSION, Area.BROKER, Severity.BROKEN, text, mend, Danger.LOSS)


def _alarms(broker: BrokerFacts) -> Iterator[Finding]:
    if broker.alarms is None:
        text = "whether the broker is short of memory or disk is unknown: it would take no event"
        mend = remedies.set_management_url("HOST")
        yield Finding(Rule.BROKER_ALARM, Area.BROKER, Severity.UNKNOWN, text, mend, Danger.STOP)
    elif broker.alarms:
        text = f"the broker has raised an alarm ({', '.join(broker.alarms)}): it takes no event, so intake stands still"
        mend = "rabbitmq-diagnostics alarms && rabbitmq-diagnostics memory_breakdown && df -h"
        yield Finding(Rule.BROKER_ALARM, Area.BROKER, Severity.BROKEN, text, mend, Danger.STOP)


def _rights(broker: BrokerFacts, settings: SettingsFacts) -> Iterator[Finding]:
    line = remedies.permissions(broker.vhost, broker.user, broker.prefix, declare=settings.declare)
    lacking = [f"{right.action} on {right.resource}" for right in broker.rights if right.granted is False]
    if lacking:
        text = f"the login {broker.user} lacks {', '.join(lacking)}: the worker is refused"
        yield Finding(Rule.RIGHTS_SUFFICE, Area.BROKER, Severity.BROKEN, text, line, Danger.STOP)
    unseen = [f"{right.action} on {right.resource}" for right in broker.rights if right.granted is None]
    if unseen:
        text = f"whether the login {broker.user} has {', '.join(unseen)} could not be asked"
        mend = f"rabbitmqctl list_user_permissions {broker.user}"
        yield Finding(Rule.RIGHTS_SUFFICE, Area.BROKER, Severity.UNKNOWN, text, mend, Danger.STOP)
    if broker.may_configure is False and settings.declare:
        text = (
            f"the login {broker.user} may not declare, and PROVISIONING_AMQP__DECLARE is true: nothing missing is made"
        )
        mend = remedies.export("AMQP__DECLARE", "false")
        yield Finding(Rule.RIGHTS_SUFFICE, Area.BROKER, Severity.RISK, text, mend, Danger.STOP)


def _waiting(vhost: str, queue: QueueFacts) -> Iterator[Finding]:
    if queue.duty is Duty.DEAD_LETTERS and queue.ready:
        text = (
            f"{queue.ready} dead letters wait in {queue.name}: somebody must read why, mend each command, and send it "
            "again. One without provisioning-reason was thrown out by the broker, and no event answered it: the first "
            "reason in its x-death says why. Consuming counts as a delivery; this line shows the oldest and changes "
            "nothing"
        )
        mend = remedies.peeked(vhost, queue.name)
        yield Finding(Rule.DEAD_LETTERS_WAITING, Area.BROKER, Severity.RISK, text, mend)
    if queue.stuck:
        text = f"{queue.stuck} dead letters have left {queue.name} and reach no queue: the broker keeps trying"
        yield Finding(Rule.DEAD_LETTERS_STUCK, Area.BROKER, Severity.RISK, text, remedies.APPLY, Danger.LOSS)


def _events(broker: BrokerFacts) -> Iterator[Finding]:
    waiting = sum(queue.ready or 0 for queue in broker.queues if queue.duty is Duty.UNROUTED)
    if broker.event_bindings != 0 and not waiting:
        return
    text = (
        f"{waiting} events that nobody had bound wait in {broker.prefix}.events.unrouted, for 7 days at most"
        if waiting
        else f"nobody has bound {broker.prefix}.events: every event goes to {broker.prefix}.events.unrouted, for 7 days"
    )
    text += " (the line needs the rabbitmqadmin that the management plugin serves, and Python)"
    mend = remedies.bound(broker.vhost, f"{broker.prefix}.events")
    yield Finding(Rule.EVENTS_HEARD, Area.BROKER, Severity.RISK, text, mend, Danger.LOSS)


def _consumers(queue: QueueFacts, settings: SettingsFacts) -> Iterator[Finding]:
    if queue.presence is QueuePresence.MISSING:
        return
    if queue.duty is Duty.COMMANDS:
        yield from _idle(queue)
        yield from _commands(queue, settings)
    if queue.duty is not Duty.UNROUTED:
        yield from (_stranger(queue, each) for each in queue.consumers or () if not each.ours)


def _idle(queue: QueueFacts) -> Iterator[Finding]:
    if queue.consumer_count == 0 and queue.ready:
        text = f"{queue.ready} commands wait in {queue.name}, and nobody consumes"
        yield Finding(Rule.SOMEBODY_CONSUMES, Area.BROKER, Severity.RISK, text, "provisioning-worker run", Danger.STOP)


def _commands(queue: QueueFacts, settings: SettingsFacts) -> Iterator[Finding]:
    if queue.consumers is None:
        if queue.consumer_count != 0:
            text = f"who consumes from {queue.name}, and with which prefetch, is unknown"
            mend = remedies.set_management_url("HOST")
            yield Finding(Rule.OWN_CONSUMERS, Area.BROKER, Severity.UNKNOWN, text, mend, Danger.ORDER)
        return
    windows = [each.prefetch for each in queue.consumers if each.ours]
    if windows and max(windows) > settings.prefetch:
        text = (
            f"a running worker holds up to {max(windows)} deliveries and PROVISIONING_AMQP__PREFETCH is "
            f"{settings.prefetch}: what is given back to a smaller window comes out of order"
        )
        mend = remedies.export("AMQP__PREFETCH", max(windows))
        yield Finding(Rule.PREFETCH_KEPT, Area.BROKER, Severity.RISK, text, mend, Danger.ORDER)


def _stranger(queue: QueueFacts, consumer: ConsumerFacts) -> Finding:
    known = consumer.connection or "its connection is not in the broker's books yet: look again in some seconds"
    text = f"{consumer.user} consumes from {queue.name} as {consumer.tag!r} ({known})"
    text += (
        ", and is no worker of ours: it gets commands, and their passwords, that nobody applies"
        if queue.duty is Duty.COMMANDS
        else ": it takes dead letters away"
    )
    if consumer.priority > 0:
        text += f". Its priority of {consumer.priority} takes the queue away from the worker, from RabbitMQ 4.0 on"
    mend = remedies.disconnected(consumer.connection) if consumer.connection else remedies.LOOK_AGAIN
    return Finding(Rule.OWN_CONSUMERS, Area.BROKER, Severity.BROKEN, text, mend, Danger.LOSS)

"""The broker itself: reached, its version, its alarms, the login's rights, and what waits for a person."""

import re
from collections.abc import Iterator

from worker.doctor import lines
from worker.doctor.broker_facts import BrokerFacts, Duty, QueueFacts
from worker.doctor.facts import SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

_OLDEST = (3, 10)
_VERSIONS = (
    (
        (4, 3),
        "a delivery held too long costs the consumer, not the channel; a higher priority (none counts as 4) overtakes",
    ),
    (
        (4, 0),
        "without a limit a quorum queue drops what came back 20 times: ours have one; a priority above 4 overtakes",
    ),
    ((3, 12), "the consumer timeout can be set for one queue by policy"),
    (
        (3, 10),
        "the consumer timeout is the whole broker's; x-delivery-limit = -1 would drop messages, so ours is a number",
    ),
)


def broker_rules(broker: BrokerFacts, settings: SettingsFacts) -> Iterator[Finding]:
    """Look at what does not belong to one queue's declaration."""
    if broker.fault:
        text = f"{broker.fault}: no command is taken, and none is lost"
        mend = lines.export("AMQP__URL", "amqps://USER:PASSWORD@HOST:5671/VHOST")
        yield Finding(Rule.BROKER_REACHED, Area.BROKER, Severity.BROKEN, text, mend, Danger.STOP)
        return
    yield from _management(broker)
    yield from _version(broker)
    yield from _alarms(broker)
    yield from _rights(broker, settings)
    for queue in broker.queues:
        yield from _waiting(broker.vhost, queue)
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
        return
    version = int(found[1]), int(found[2])
    if version < _OLDEST:
        text = f"RabbitMQ {broker.version} cannot dead-letter at least once: 3.10 is the oldest that keeps the promise"
        mend = "sudo apt-get install --only-upgrade rabbitmq-server"
        yield Finding(Rule.BROKER_VERSION, Area.BROKER, Severity.BROKEN, text, mend, Danger.LOSS)
        return
    holds = next(words for since, words in _VERSIONS if version >= since)
    text = f"RabbitMQ {broker.version}: {holds}"
    yield Finding(Rule.BROKER_VERSION, Area.BROKER, Severity.NOTE, text, "rabbitmqctl version")


def _alarms(broker: BrokerFacts) -> Iterator[Finding]:
    if broker.alarms is None:
        text = "whether the broker is short of memory or disk is unknown: it would take no event"
        mend = lines.set_management_url("HOST")
        yield Finding(Rule.BROKER_ALARM, Area.BROKER, Severity.UNKNOWN, text, mend, Danger.STOP)
    elif broker.alarms:
        text = f"the broker has raised an alarm ({', '.join(broker.alarms)}): it takes no event, so intake stands still"
        mend = "rabbitmq-diagnostics alarms && rabbitmq-diagnostics memory_breakdown && df -h"
        yield Finding(Rule.BROKER_ALARM, Area.BROKER, Severity.BROKEN, text, mend, Danger.STOP)


def _rights(broker: BrokerFacts, settings: SettingsFacts) -> Iterator[Finding]:
    line = lines.permissions(broker.vhost, broker.user, broker.prefix, declare=settings.declare)
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
        mend = lines.export("AMQP__DECLARE", "false")
        yield Finding(Rule.RIGHTS_SUFFICE, Area.BROKER, Severity.RISK, text, mend, Danger.STOP)
    if broker.may_configure and not settings.declare:
        text = f"the login {broker.user} may declare and delete queues, which a worker that only looks does not need"
        yield Finding(Rule.RIGHTS_NARROW, Area.BROKER, Severity.NOTE, text, line, Danger.LOSS)


def _waiting(vhost: str, queue: QueueFacts) -> Iterator[Finding]:
    if queue.duty is Duty.DEAD_LETTERS and queue.ready:
        text = (
            f"{queue.ready} dead letters wait in {queue.name}: somebody must read why, mend each command, and send it "
            "again. One without provisioning-reason was thrown out by the broker, and no event answered it: the first "
            "reason in its x-death says why. Consuming counts as a delivery; this line shows the oldest and changes "
            "nothing"
        )
        mend = lines.peeked(vhost, queue.name)
        yield Finding(Rule.DEAD_LETTERS_WAITING, Area.BROKER, Severity.RISK, text, mend)
    if queue.stuck:
        text = f"{queue.stuck} dead letters have left {queue.name} and reach no queue: the broker keeps trying"
        yield Finding(Rule.DEAD_LETTERS_STUCK, Area.BROKER, Severity.RISK, text, lines.APPLY, Danger.LOSS)


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
    mend = lines.bound(broker.vhost, f"{broker.prefix}.events")
    yield Finding(Rule.EVENTS_HEARD, Area.BROKER, Severity.RISK, text, mend, Danger.LOSS)

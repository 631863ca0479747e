"""Policies that touch our queues: some beat the queue's own arguments, others are capped by them."""

import re
from collections.abc import Iterable, Iterator

from worker.doctor import remedies
from worker.doctor.facts import Argument, BrokerFacts, Duty, PolicyFacts, QueueFacts, QueuePresence, SettingsFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

#: The broker's own, in seconds, where nobody set another.
_USUAL_TIMEOUT_SECONDS = 1800.0
#: The broker looks once a minute; what is in flight when the window is given back needs its time too.
_MARGIN_SECONDS = 120.0
_ASK_TIMEOUT = "rabbitmqctl eval 'application:get_env(rabbit, consumer_timeout).'"
_QUEUES = frozenset({"all", "queues", "quorum_queues"})
_Judgement = tuple[Severity, Danger, str]
_THROWN_OUT = "they become dead letters without provisioning-reason, and no event comes"
_UNSEEN = (
    "whether a policy touches the queues is unknown: one with `overflow` beats the queue's own argument, turns "
    "at-least-once dead-lettering off and deletes dead letters that wait"
)


def policy_rules(broker: BrokerFacts, settings: SettingsFacts) -> Iterator[Finding]:
    """Look at the policies that apply to each queue, and at how long the broker lets a worker hold a command."""
    for queue in broker.queues:
        policies = [each for each in _applied(broker.policies or (), queue.name) if each is not None]
        # One may set the limit and the other what happens at it: the queue obeys both.
        overflow = next((each.definition["overflow"] for each in policies if "overflow" in each.definition), None)
        for policy in policies:
            yield from _harm(broker, queue, policy, overflow)
        if queue.duty is Duty.COMMANDS and queue.presence is not QueuePresence.MISSING:
            yield from _timeout(queue, policies, settings)
    if broker.policies is None:
        mend = remedies.set_management_url("HOST")
        yield Finding(Rule.POLICY_HARMLESS, Area.BROKER, Severity.UNKNOWN, _UNSEEN, mend, Danger.LOSS)


def _applied(policies: Iterable[PolicyFacts], queue: str) -> Iterator[PolicyFacts | None]:
    """The user's and the operator's policy that apply to a queue: of each kind the one with the highest priority."""
    for operator in (False, True):
        matching = [
            policy
            for policy in policies
            if policy.operator is operator and policy.applies_to in _QUEUES and _matches(policy.pattern, queue)
        ]
        yield max(matching, key=lambda policy: policy.priority, default=None)


def _matches(pattern: str, name: str) -> bool:
    """Match as the broker does. A pattern that only its own dialect understands is taken to match: better to ask."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def _harm(broker: BrokerFacts, queue: QueueFacts, policy: PolicyFacts, overflow: object) -> Iterator[Finding]:
    who = "operator policy" if policy.operator else "policy"
    for key in sorted(policy.definition):
        judged = _judged(queue, key, policy.definition[key], overflow)
        if judged is None:
            continue
        severity, danger, meaning = judged
        text = (
            f"the {who} {policy.name} sets {key} = {policy.definition[key]} for the queue {queue.name}: {meaning}. "
            "Give it a pattern that leaves this queue out; the line takes it from whatever else it is for as well"
        )
        mend = remedies.without_policy(broker.vhost, policy.name, operator=policy.operator)
        yield Finding(Rule.POLICY_HARMLESS, Area.BROKER, severity, text, mend, danger)


def _judged(queue: QueueFacts, key: str, value: object, overflow: object) -> _Judgement | None:
    waits = queue.duty is not Duty.UNROUTED
    judged: _Judgement | None = None
    match key:
        case "expires":
            judged = _loses("it deletes the queue, and all in it, once nobody has consumed for that long")
        case "overflow":
            judged = _overflow(queue.duty, value)
        case "delivery-limit":
            judged = _delivery_limit(queue.wanted.get("x-delivery-limit"), value)
        case "message-ttl" if waits:
            judged = _loses(f"what waits longer than these milliseconds leaves the queue unanswered: {_THROWN_OUT}")
        case "max-length" | "max-length-bytes" if waits:
            judged = _bounded(queue.duty, overflow)
        case "dead-letter-exchange" if queue.duty is not Duty.COMMANDS:
            judged = Severity.RISK, Danger.SECRECY, "what leaves this queue is copied to another place"
    return judged


def _loses(meaning: str) -> _Judgement:
    return Severity.BROKEN, Danger.LOSS, meaning


def _delivery_limit(ours: Argument | None, value: object) -> _Judgement | None:
    if not isinstance(ours, int) or not isinstance(value, int) or value >= ours:
        return None
    return _loses("every give-back at a stop counts, so innocent messages reach the limit and are thrown out")


def _overflow(duty: Duty, value: object) -> _Judgement | None:
    if value == ("drop-head" if duty is Duty.UNROUTED else "reject-publish"):
        return None
    match duty:
        case Duty.COMMANDS:
            return _loses(
                "it beats the queue's own reject-publish: at-least-once dead-lettering is off, and dead letters that "
                "wait for their exchange are deleted"
            )
        case Duty.DEAD_LETTERS:
            return Severity.RISK, Danger.LOSS, "with any limit of length the oldest dead letters would be dropped"
        case Duty.UNROUTED:
            return (
                Severity.RISK,
                Danger.STOP,
                "once the queue is full the worker's events are refused, and intake pauses",
            )


def _bounded(duty: Duty, overflow: object) -> _Judgement | None:
    if duty is Duty.COMMANDS:
        # Without another policy the queue's own argument holds, and emitters are refused.
        refuses = overflow in (None, "reject-publish")
        oldest = f"while the queue is full its oldest commands leave it unanswered: {_THROWN_OUT}"
        return None if refuses else _loses(oldest)
    if overflow == "reject-publish":
        return Severity.RISK, Danger.STOP, "once the queue is full no dead letter is taken, and intake pauses"
    return _loses("the oldest dead letters are dropped")


def _timeout(queue: QueueFacts, policies: Iterable[PolicyFacts], settings: SettingsFacts) -> Iterator[Finding]:
    """A queue's own time, by policy or argument, holds from 3.12 on; the broker's cannot be read from outside."""
    values = [policy.definition.get("consumer-timeout") for policy in policies]
    values.append((queue.arguments or {}).get("x-consumer-timeout"))
    answered = [value / 1000 for value in values if isinstance(value, int)]
    allowed = min(answered, default=_USUAL_TIMEOUT_SECONDS)
    if settings.hold_seconds <= allowed - _MARGIN_SECONDS:
        return
    text = (
        f"the broker ends a consumer that holds a delivery for {allowed:g} s"
        f"{'' if answered else ' unless it was answered otherwise'}, and PROVISIONING_AMQP__HOLD_SECONDS is "
        f"{settings.hold_seconds:g}: held commands would be torn away again and again"
    )
    shorter = remedies.export("AMQP__HOLD_SECONDS", max(1, int(allowed - _MARGIN_SECONDS)))
    severity, mend = (Severity.RISK, shorter) if answered else (Severity.UNKNOWN, _ASK_TIMEOUT)
    yield Finding(Rule.CONSUMER_TIMEOUT, Area.BROKER, severity, text, mend, Danger.STOP)

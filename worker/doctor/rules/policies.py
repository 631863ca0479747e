"""Policies that touch our queues. Some beat the queue's own arguments, others are capped by them."""

from collections.abc import Iterator, Mapping

from worker.doctor import lines
from worker.doctor.broker_facts import BrokerFacts, Duty, PolicyFacts, QueueFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity
from worker.doctor.rules.matching import applied

_LIMIT = 1_000_000
_Judgement = tuple[Severity, Danger, str]
_THROWN_OUT = "they become dead letters without provisioning-reason, and no event comes"
_UNSEEN = (
    "whether a policy touches the queues is unknown: one with `overflow` beats the queue's own argument, turns "
    "at-least-once dead-lettering off and deletes dead letters that wait"
)


def policy_rules(broker: BrokerFacts) -> Iterator[Finding]:
    """Look at the policies that apply to each queue; consumer-timeout has a rule of its own."""
    if broker.policies is None:
        mend = lines.set_management_url("HOST")
        yield Finding(Rule.POLICY_HARMLESS, Area.BROKER, Severity.UNKNOWN, _UNSEEN, mend, Danger.LOSS)
        return
    for queue in broker.queues:
        both = [applied(broker.policies, queue.name, "queues", operator=operator) for operator in (False, True)]
        policies = [each for each in both if each is not None]
        # One may set the limit and the other what happens at it: the queue obeys both.
        overflow = next((each.definition["overflow"] for each in policies if "overflow" in each.definition), None)
        for policy in policies:
            yield from _harm(broker, queue, policy, overflow)


def _harm(broker: BrokerFacts, queue: QueueFacts, policy: PolicyFacts, overflow: object) -> Iterator[Finding]:
    who = "operator policy" if policy.operator else "policy"
    for key in sorted(policy.definition):
        judged = _judged(queue.duty, key, policy.definition, overflow)
        if judged is None:
            continue
        severity, danger, meaning = judged
        text = f"the {who} {policy.name} sets {key} = {policy.definition[key]} for the queue {queue.name}: {meaning}"
        yield Finding(Rule.POLICY_HARMLESS, Area.BROKER, severity, text, _shield(broker, queue, policy), danger)


def _judged(duty: Duty, key: str, definition: Mapping[str, object], overflow: object) -> _Judgement | None:
    match key:
        case "overflow":
            return _overflow(duty, definition[key])
        case "expires":
            return _loses("it deletes the queue, and all in it, once nobody has consumed for that long")
        case "delivery-limit":
            return _delivery_limit(duty, definition[key])
        case "message-ttl" | "max-length" | "max-length-bytes":
            return _bounded(duty, key, overflow)
        case "dead-letter-exchange" | "dead-letter-routing-key" | "dead-letter-strategy":
            return _dead_lettering(duty, key)
        case _:
            return None


def _loses(meaning: str) -> _Judgement:
    return Severity.BROKEN, Danger.LOSS, meaning


def _delivery_limit(duty: Duty, value: object) -> _Judgement | None:
    if duty is Duty.UNROUTED or not isinstance(value, int) or value >= _LIMIT:
        return None
    return _loses("every give-back at a stop counts, so innocent messages reach the limit and are thrown out")


def _dead_lettering(duty: Duty, key: str) -> _Judgement | None:
    if duty is Duty.COMMANDS:
        return Severity.NOTE, Danger.LOSS, "the queue's own argument wins, so it has no effect"
    if key != "dead-letter-exchange":
        return None
    return Severity.RISK, Danger.SECRECY, "what leaves this queue is copied to another place"


def _overflow(duty: Duty, value: object) -> _Judgement | None:
    if duty is Duty.UNROUTED:
        stops = "once the queue is full the worker's events are refused, and intake pauses"
        return None if value == "drop-head" else (Severity.RISK, Danger.STOP, stops)
    if value == "reject-publish":
        return None
    if duty is Duty.COMMANDS:
        return _loses(
            "it beats the queue's own reject-publish: at-least-once dead-lettering is off, and dead letters that wait "
            "for their exchange are deleted"
        )
    return Severity.RISK, Danger.LOSS, "with any limit of length the oldest dead letters would be dropped"


def _bounded(duty: Duty, key: str, overflow: object) -> _Judgement:
    if duty is Duty.UNROUTED:
        return Severity.NOTE, Danger.LOSS, "fewer of the events that nobody bound are kept"
    if key == "message-ttl":
        longer = "what waits longer than these milliseconds leaves the queue"
        return _loses(f"{longer} unanswered: {_THROWN_OUT}" if duty is Duty.COMMANDS else longer)
    if duty is Duty.COMMANDS and overflow in (None, "reject-publish"):
        # Without another policy the queue's own argument holds.
        return Severity.NOTE, Danger.STOP, "emitters are refused while the queue is full"
    if duty is Duty.COMMANDS:
        return _loses(f"while the queue is full its oldest commands leave it unanswered: {_THROWN_OUT}")
    if overflow == "reject-publish":
        return Severity.RISK, Danger.STOP, "once the queue is full no dead letter is taken, and intake pauses"
    return _loses("the oldest dead letters are dropped")


def _shield(broker: BrokerFacts, queue: QueueFacts, policy: PolicyFacts) -> str:
    """A policy for this queue alone, with a higher priority, whose one key says what the queue's argument says."""
    shield = lines.Shield(queue.name, _neutral(queue, policy), policy.priority + 1, operator=policy.operator)
    return lines.policy(broker.vhost, shield)


def _neutral(queue: QueueFacts, policy: PolicyFacts) -> Mapping[str, object]:
    if not policy.operator:
        return {"overflow": queue.wanted.get("x-overflow", "reject-publish")}
    if queue.duty is Duty.UNROUTED:
        return {"max-length-bytes": queue.wanted["x-max-length-bytes"]}
    return {"delivery-limit": _LIMIT}

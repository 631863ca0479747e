"""Queues, exchanges and bindings: whether they are there, and as they must be."""

from collections.abc import Iterator

from worker.doctor import remedies
from worker.doctor.facts import BrokerFacts, Duty, ExchangeFacts, QueueFacts, QueuePresence
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

_ARGUMENTS = {
    "x-queue-type": (Danger.LOSS, "only a quorum queue keeps what it confirmed, and dead-letters at least once"),
    "x-single-active-consumer": (Danger.ORDER, "two workers would share the queue and each customer's order be lost"),
    "x-delivery-limit": (
        Danger.LOSS,
        "what is given back at every stop would be counted until commands are thrown out",
    ),
    "x-dead-letter-exchange": (Danger.LOSS, "what the broker gives up would be gone"),
    "x-dead-letter-routing-key": (Danger.LOSS, "what the broker gives up would carry no reason"),
    "x-dead-letter-strategy": (Danger.LOSS, "dead letters would be handed over at most once"),
    "x-overflow": (Danger.LOSS, "messages would be dropped instead of refused"),
    "x-message-ttl": (Danger.LOSS, "what waits longer would be thrown out, and no event would tell of it"),
    "x-expires": (Danger.LOSS, "the queue, and all in it, would be deleted once nobody has consumed for that long"),
    "x-max-length": (Danger.LOSS, "the queue would refuse or throw out messages once it is full"),
    "x-max-length-bytes": (Danger.LOSS, "the queue would refuse or throw out messages once it is full"),
    "x-max-priority": (Danger.ORDER, "commands with a higher priority would overtake earlier ones"),
}
#: Events that nobody bound are kept within bounds on purpose.
_UNROUTED_ARGUMENTS = {
    "x-message-ttl": (Danger.LOSS, "events that nobody bound would be kept for another time"),
    "x-max-length-bytes": (Danger.STOP, "the events that nobody bound could fill the disk"),
}
_STOP = "Stop whoever publishes to it and let it run empty; then this line makes it anew"
_MISSING = {
    Duty.COMMANDS: (Danger.LOSS, "commands are returned to their emitters, or lost to those who do not ask"),
    Duty.DEAD_LETTERS: (
        Danger.STOP,
        "no dead letter can be confirmed, so failing commands keep their customers waiting",
    ),
    Duty.UNROUTED: (Danger.STOP, "events that nobody bound cannot be confirmed, and intake pauses"),
}


def topology_rules(broker: BrokerFacts) -> Iterator[Finding]:
    """Compare every object with what it must be."""
    for queue in broker.queues:
        yield from _queue(broker, queue)
    for exchange in broker.exchanges:
        yield from _exchange(exchange)
    yield from _bindings(broker)


def _queue(broker: BrokerFacts, queue: QueueFacts) -> Iterator[Finding]:
    if queue.presence is QueuePresence.MISSING:
        danger, meaning = _MISSING[queue.duty]
        text = f"the queue {queue.name} is missing: {meaning}"
        yield _broken(Rule.QUEUE_PRESENT, text, remedies.APPLY, danger)
        return
    if queue.has_leader is False:
        line = f"rabbitmq-queues quorum_status {queue.name} --vhost {broker.vhost}"
        yield _broken(Rule.QUEUE_LEADER, f"the queue {queue.name} has no leader: nothing goes in or out", line)
    differing = _differing(queue)
    if differing:
        danger = _meaning(queue, differing[0])[0]
        words = "; ".join(_worded(queue, name) for name in differing)
        text = f"the queue {queue.name} is not as it must be: {words}. {_STOP}"
        yield _broken(Rule.QUEUE_ARGUMENTS, text, remedies.remade_queue(broker.vhost, queue.name), danger)
    elif queue.presence is QueuePresence.DIFFERS:
        text = f"the queue {queue.name} is not as it must be ({queue.words}). {_STOP}"
        yield _broken(Rule.QUEUE_ARGUMENTS, text, remedies.remade_queue(broker.vhost, queue.name), Danger.LOSS)
    elif queue.presence is QueuePresence.UNCOMPARED and queue.arguments is None:
        text = f"the arguments of the queue {queue.name} could not be compared: {queue.words}"
        yield _unknown(Rule.QUEUE_ARGUMENTS, text, remedies.set_management_url("HOST"), Danger.LOSS)


def _differing(queue: QueueFacts) -> list[str]:
    """The arguments that differ, the gravest first."""
    if queue.arguments is None:
        return []
    names = {*queue.wanted, *queue.arguments}
    differing = [name for name in names if queue.wanted.get(name) != queue.arguments.get(name)]
    order = list(_ARGUMENTS)
    return sorted(differing, key=lambda name: (order.index(name) if name in order else len(order), name))


def _worded(queue: QueueFacts, name: str) -> str:
    found = (queue.arguments or {}).get(name, "not set")
    wanted = queue.wanted.get(name, "not set")
    return f"{name} is {found} and must be {wanted}, else {_meaning(queue, name)[1]}"


def _meaning(queue: QueueFacts, name: str) -> tuple[Danger, str]:
    own = _UNROUTED_ARGUMENTS.get(name) if queue.duty is Duty.UNROUTED else None
    return own or _ARGUMENTS.get(name, (Danger.LOSS, "the worker's declaration is refused"))


def _exchange(exchange: ExchangeFacts) -> Iterator[Finding]:
    remade = remedies.replaced_exchange(exchange.name)
    if exchange.presence is QueuePresence.MISSING:
        text = f"the exchange {exchange.name} is missing: what is published to it is refused"
        yield _broken(Rule.EXCHANGE_PRESENT, text, remedies.APPLY)
    elif exchange.kind not in {None, exchange.wanted_kind}:
        text = f"the exchange {exchange.name} is {exchange.kind} and must be {exchange.wanted_kind}"
        yield _broken(Rule.EXCHANGE_KIND, text, remade, Danger.LOSS)
    elif _has_no_alternate(exchange):
        text = (
            f"the exchange {exchange.name} has not {exchange.wanted['alternate-exchange']} as its own alternate "
            "exchange: a worker that declares it is refused, and an event that nobody bound makes intake pause"
        )
        yield _broken(Rule.ALTERNATE_EXCHANGE, text, remade, Danger.STOP)
    elif exchange.presence is QueuePresence.DIFFERS and exchange.arguments != exchange.wanted:
        text = f"the exchange {exchange.name} is not as it must be ({exchange.words})"
        yield _broken(Rule.EXCHANGE_KIND, text, remade, Danger.LOSS)
    elif exchange.presence is QueuePresence.UNCOMPARED and exchange.kind is None:
        text = f"the kind and arguments of the exchange {exchange.name} could not be compared: {exchange.words}"
        yield _unknown(Rule.EXCHANGE_KIND, text, remedies.set_management_url("HOST"), Danger.LOSS)


def _has_no_alternate(exchange: ExchangeFacts) -> bool:
    wanted = exchange.wanted.get("alternate-exchange")
    if wanted is None or exchange.presence is QueuePresence.PRESENT:
        return False
    if exchange.arguments is None:
        return "alternate-exchange" in exchange.words
    return exchange.arguments.get("alternate-exchange") != wanted


def _bindings(broker: BrokerFacts) -> Iterator[Finding]:
    unseen = []
    missing = {each.name for each in broker.queues if each.presence is QueuePresence.MISSING}
    missing |= {each.name for each in broker.exchanges if each.presence is QueuePresence.MISSING}
    for binding in broker.bindings:
        if missing & {binding.exchange, binding.queue}:
            # It goes, and comes back, with what is missing.
            continue
        what = f"{binding.exchange} -> {binding.queue} ({binding.routing_key or 'all'})"
        if binding.present is None:
            unseen.append(what)
        elif not binding.present:
            text = f"the binding {what} is missing: what is published there never reaches the queue"
            yield _broken(Rule.BINDING_PRESENT, text, remedies.APPLY, Danger.LOSS)
    if unseen:
        text = f"whether {', '.join(unseen)} are bound is unknown: AMQP has no way to ask"
        yield _unknown(Rule.BINDING_PRESENT, text, remedies.set_management_url("HOST"), Danger.LOSS)


def _broken(rule: Rule, text: str, mend: str, danger: Danger = Danger.STOP) -> Finding:
    return Finding(rule, Area.BROKER, Severity.BROKEN, text, mend, danger)


def _unknown(rule: Rule, text: str, mend: str, danger: Danger) -> Finding:
    return Finding(rule, Area.BROKER, Severity.UNKNOWN, text, mend, danger)

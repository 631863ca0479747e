"""Faults to plant in a topology on a real broker, each with what doctor says of it and the line that mends it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.doctoring import DiagnosedBroker, ask_management
from worker.broker.topology.model import Topology
from worker.doctor import Danger, Rule, remedies

#: A channel of pika's, which is untyped.
Channel = Any
Plant = Callable[[DiagnosedBroker, Channel], None]
Line = Callable[[Topology], str]

#: Which queue of the topology.
UNROUTED, DEAD_LETTERS, COMMANDS = 0, 1, 2
_POLICY, _PRIORITY = "theirs", 7


@dataclass(frozen=True, slots=True)
class Fault:
    """How it is planted, and what is said of it."""

    plant: Plant
    rule: Rule
    danger: Danger
    line: Line


def without(queue: int) -> Plant:
    """Delete a queue."""
    return lambda diagnosed, channel: channel.queue_delete(diagnosed.topology.queues[queue].name)


def remade(queue: int, **changes: object) -> Plant:
    """Declare a queue anew with other arguments; None leaves one out."""

    def plant(diagnosed: DiagnosedBroker, channel: Channel) -> None:
        item = diagnosed.topology.queues[queue]
        names = {name.replace("-", "_"): name for name in item.arguments}
        changed = {names.get(f"x_{name}", f"x-{name}"): value for name, value in changes.items()}
        arguments = {k: v for k, v in {**item.arguments, **changed}.items() if v is not None}
        channel.queue_delete(item.name)
        channel.queue_declare(item.name, durable=True, arguments=arguments)
        for binding in diagnosed.topology.bindings:
            if binding.queue == item.name:
                channel.queue_bind(item.name, binding.exchange, binding.routing_key)

    return plant


def exchange_as(name: str, kind: str, **arguments: object) -> Plant:
    """Declare an exchange anew in another way."""

    def plant(diagnosed: DiagnosedBroker, channel: Channel) -> None:
        exchange = f"{diagnosed.topology.prefix}.{name}"
        channel.exchange_delete(exchange)
        if kind:
            channel.exchange_declare(exchange, kind, durable=True, arguments=arguments)
        for binding in diagnosed.topology.bindings:
            if kind and binding.exchange == exchange:
                channel.queue_bind(binding.queue, exchange, binding.routing_key)

    return plant


def policy(queue: int, definition: dict[str, Any], kind: str = "policies") -> Plant:
    """Set a policy for one queue."""

    def plant(diagnosed: DiagnosedBroker, _channel: object) -> None:
        pattern = f"^{diagnosed.topology.queues[queue].name}$"
        body = {"pattern": pattern, "definition": definition, "apply-to": "queues", "priority": _PRIORITY}
        ask_management(diagnosed.broker, "PUT", f"{kind}/%2F/{_POLICY}", body)

    return plant


def unbound(diagnosed: DiagnosedBroker, channel: Channel) -> None:
    """Take the commands' binding away."""
    channel.queue_unbind(diagnosed.topology.command_queues[0], diagnosed.topology.commands, "#")


def _applied(_: Topology) -> str:
    return remedies.APPLY


def _made_anew(queue: int) -> Line:
    return lambda topology: remedies.remade_queue("/", topology.queues[queue].name)


def _replaced(exchange: str) -> Line:
    return lambda topology: remedies.replaced_exchange(f"{topology.prefix}.{exchange}")


def _without_policy(_: Topology) -> str:
    return remedies.without_policy("/", _POLICY, operator=False)


def _without_operator_policy(_: Topology) -> str:
    return remedies.without_policy("/", _POLICY, operator=True)


def _differs(danger: Danger, queue: int, **changes: object) -> Fault:
    return Fault(remade(queue, **changes), Rule.QUEUE_ARGUMENTS, danger, _made_anew(queue))


def _harmed(queue: int, **definition: object) -> Fault:
    body = {name.replace("_", "-"): value for name, value in definition.items()}
    return Fault(policy(queue, body), Rule.POLICY_HARMLESS, Danger.LOSS, _without_policy)


def _expires(queue: int) -> Fault:
    """An operator's policy, which no policy goes before."""
    plant = policy(queue, {"expires": 600_000}, "operator-policies")
    return Fault(plant, Rule.POLICY_HARMLESS, Danger.LOSS, _without_operator_policy)


FAULTS = {
    "no command queue": Fault(without(COMMANDS), Rule.QUEUE_PRESENT, Danger.LOSS, _applied),
    "no dead-letter queue": Fault(without(DEAD_LETTERS), Rule.QUEUE_PRESENT, Danger.STOP, _applied),
    "no binding": Fault(unbound, Rule.BINDING_PRESENT, Danger.LOSS, _applied),
    "no events exchange": Fault(exchange_as("events", ""), Rule.EXCHANGE_PRESENT, Danger.STOP, _applied),
    "direct exchange": Fault(exchange_as("commands", "direct"), Rule.EXCHANGE_KIND, Danger.LOSS, _replaced("commands")),
    "no alternate": Fault(exchange_as("events", "topic"), Rule.ALTERNATE_EXCHANGE, Danger.STOP, _replaced("events")),
    "many consumers": _differs(Danger.ORDER, COMMANDS, single_active_consumer=None),
    "delivery limit": _differs(Danger.LOSS, COMMANDS, delivery_limit=20),
    "overflow": _differs(Danger.LOSS, COMMANDS, overflow="drop-head"),
    "at-most-once": _differs(Danger.LOSS, COMMANDS, dead_letter_strategy=None),
    "classic": _differs(Danger.LOSS, DEAD_LETTERS, queue_type="classic", delivery_limit=None),
    "events' time": _differs(Danger.LOSS, UNROUTED, message_ttl=1000),
    "drop-head": _harmed(COMMANDS, overflow="drop-head"),
    "limit policy": _harmed(COMMANDS, delivery_limit=20),
    "ttl policy": _harmed(COMMANDS, message_ttl=60_000),
    "length policy": _harmed(DEAD_LETTERS, max_length=10),
    "operator": _expires(DEAD_LETTERS),
}
#: One for each form that a line has.
FORMS = ("no command queue", "direct exchange", "overflow", "drop-head", "operator")

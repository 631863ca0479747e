"""A healthy installation as facts, to plant one fault at a time in."""

from dataclasses import replace
from typing import Any

from tests.support.doctoring import DEFAULTS
from worker.broker.topology.model import Topology
from worker.doctor import Finding, diagnose
from worker.doctor.facts import (
    BindingFacts,
    BrokerFacts,
    ConsumerFacts,
    Duty,
    ExchangeFacts,
    Facts,
    LedgerFacts,
    LoginStatus,
    Management,
    PolicyFacts,
    ProviderFacts,
    QueueFacts,
    QueuePresence,
    RightFacts,
    SchemaState,
    SettingsFacts,
)

TOPOLOGY = Topology("p")
DUTIES = {"p.events.unrouted": Duty.UNROUTED, "p.dead-letters": Duty.DEAD_LETTERS, "p.commands.00": Duty.COMMANDS}
OURS = ConsumerFacts("provisioning-worker@host/1#consume", 500, active=True, connection="c", user="worker")
PROVIDER = ProviderFacts(LoginStatus.ACCEPTED, LoginStatus.ACCEPTED)
LEDGER = LedgerFacts("db", there=True, readable=True, schema=SchemaState.CURRENT, keys_fit=True)


def healthy_broker() -> BrokerFacts:
    """Everything was looked at, and is as it must be; one worker consumes."""
    there = QueuePresence.PRESENT
    return BrokerFacts(
        address="amqp://broker/",
        vhost="/",
        user="worker",
        prefix="p",
        version="3.10.8",
        management=Management("http://broker:15672", "worker"),
        queues=tuple(
            QueueFacts(
                each.name,
                DUTIES[each.name],
                each.arguments,
                there,
                ready=0,
                consumer_count=1,
                arguments=dict(each.arguments),
                has_leader=True,
                stuck=0,
                consumers=(OURS,) if DUTIES[each.name] is Duty.COMMANDS else (),
            )
            for each in TOPOLOGY.queues
        ),
        exchanges=tuple(
            ExchangeFacts(each.name, each.kind.value, each.arguments, there, "", each.kind.value, dict(each.arguments))
            for each in TOPOLOGY.exchanges
        ),
        bindings=tuple(BindingFacts(each.exchange, each.queue, each.routing_key, True) for each in TOPOLOGY.bindings),
        policies=(),
        rights=(RightFacts("read", "p.commands.00", True), RightFacts("write", "p.events", True)),
        may_configure=True,
        alarms=(),
        event_bindings=1,
    )


def seen_over_amqp_alone() -> BrokerFacts:
    """The same installation, looked at without the management API."""
    healthy = healthy_broker()
    return replace(
        healthy,
        management=Management(),
        queues=tuple(
            replace(each, arguments=None, has_leader=None, stuck=None, consumers=None) for each in healthy.queues
        ),
        exchanges=tuple(replace(each, kind=None, arguments=None) for each in healthy.exchanges),
        bindings=tuple(replace(each, present=None) for each in healthy.bindings),
        policies=None,
        alarms=None,
        event_bindings=None,
    )


def with_queue(broker: BrokerFacts, duty: Duty, **changes: Any) -> BrokerFacts:  # noqa: ANN401 - the facts' own fields
    """The same broker, one queue changed."""
    return replace(
        broker, queues=tuple(replace(each, **changes) if each.duty is duty else each for each in broker.queues)
    )


def with_exchange(broker: BrokerFacts, name: str, **changes: Any) -> BrokerFacts:  # noqa: ANN401 - the same
    """The same broker, one exchange changed."""
    return replace(
        broker, exchanges=tuple(replace(each, **changes) if each.name == name else each for each in broker.exchanges)
    )


def with_policy(definition: dict[str, object], *, pattern: str = "^p\\.", operator: bool = False) -> BrokerFacts:
    """The healthy broker with one policy."""
    policy = PolicyFacts("theirs", operator, pattern, "queues", 3, definition)
    return replace(healthy_broker(), policies=(policy,))


def found(
    broker: BrokerFacts | None = None,
    settings: SettingsFacts | None = None,
    provider: ProviderFacts | None = None,
    ledger: LedgerFacts | None = None,
) -> list[Finding]:
    """What the rules say of an installation in which everything else is well."""
    facts = Facts(settings or DEFAULTS, broker or healthy_broker(), provider or PROVIDER, ledger or LEDGER)
    return list(diagnose(facts).findings)


def the_one(findings: list[Finding]) -> Finding:
    """The only finding there is."""
    assert len(findings) == 1, [finding.text for finding in findings]
    return findings[0]

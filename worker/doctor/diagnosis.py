"""Applies every rule to what was seen."""

from collections.abc import Iterator

from worker.doctor.facts import Facts
from worker.doctor.findings import Diagnosis, Finding
from worker.doctor.rules.broker import broker_rules
from worker.doctor.rules.ledger import ledger_rules
from worker.doctor.rules.policies import policy_rules
from worker.doctor.rules.provider import provider_rules
from worker.doctor.rules.settings import settings_rules
from worker.doctor.rules.topology import topology_rules


def diagnose(facts: Facts) -> Diagnosis:
    """Everything that is wrong, or unknown and matters; the worst first."""
    return Diagnosis.of(_findings(facts))


def _findings(facts: Facts) -> Iterator[Finding]:
    yield from settings_rules(facts.settings)
    if facts.broker is not None:
        yield from broker_rules(facts.broker, facts.settings)
        if not facts.broker.fault:
            yield from topology_rules(facts.broker)
            yield from policy_rules(facts.broker, facts.settings)
    if facts.provider is not None:
        yield from provider_rules(facts.provider)
    if facts.ledger is not None:
        yield from ledger_rules(facts.ledger, facts.broker)

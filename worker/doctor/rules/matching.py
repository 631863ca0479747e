"""Which policy applies to which object: of each kind only the one with the highest priority that matches its name."""

import re
from collections.abc import Iterable

from worker.doctor.broker_facts import PolicyFacts

_QUEUES = frozenset({"all", "queues", "quorum_queues"})
_EXCHANGES = frozenset({"all", "exchanges"})


def applied(policies: Iterable[PolicyFacts], name: str, kind: str, *, operator: bool) -> PolicyFacts | None:
    """The user's (or the operator's) policy that applies to a queue or an exchange; `kind` is queues or exchanges."""
    reach = _QUEUES if kind == "queues" else _EXCHANGES
    matching = [
        policy
        for policy in policies
        if policy.operator is operator and policy.applies_to in reach and _matches(policy.pattern, name)
    ]
    return max(matching, key=lambda policy: policy.priority, default=None)


def _matches(pattern: str, name: str) -> bool:
    """Match as the broker does. A pattern that only its own dialect understands is taken to match: better to ask."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True

"""Policies that touch the queues: which harm what, and which harm nothing."""

from dataclasses import replace

import pytest

from tests.unit.doctor.planted import found, healthy_broker, the_one, with_policy
from worker.broker.topology.model import UNREACHED_DELIVERY_LIMIT
from worker.doctor import Danger, Rule, Severity
from worker.doctor.facts import BrokerFacts, PolicyFacts

COMMANDS, DEAD_LETTERS, UNROUTED = r"^p\.commands\.00$", r"^p\.dead-letters$", r"^p\.events\.unrouted$"


@pytest.mark.parametrize(
    ("pattern", "definition", "severity", "danger"),
    [
        (COMMANDS, {"overflow": "drop-head"}, Severity.BROKEN, Danger.LOSS),
        (COMMANDS, {"delivery-limit": UNREACHED_DELIVERY_LIMIT - 1}, Severity.BROKEN, Danger.LOSS),
        (COMMANDS, {"message-ttl": 60_000}, Severity.BROKEN, Danger.LOSS),
        (COMMANDS, {"expires": 60_000}, Severity.BROKEN, Danger.LOSS),
        (r"p\.commands", {"message-ttl": 60_000, "dead-letter-exchange": "x"}, Severity.BROKEN, Danger.LOSS),
        (DEAD_LETTERS, {"overflow": "drop-head"}, Severity.RISK, Danger.LOSS),
        (DEAD_LETTERS, {"max-length": 10}, Severity.BROKEN, Danger.LOSS),
        (DEAD_LETTERS, {"max-length-bytes": 10}, Severity.BROKEN, Danger.LOSS),
        (DEAD_LETTERS, {"max-length": 10, "overflow": "reject-publish"}, Severity.RISK, Danger.STOP),
        (DEAD_LETTERS, {"message-ttl": 10}, Severity.BROKEN, Danger.LOSS),
        (DEAD_LETTERS, {"delivery-limit": 5}, Severity.BROKEN, Danger.LOSS),
        (DEAD_LETTERS, {"expires": 60_000}, Severity.BROKEN, Danger.LOSS),
        (DEAD_LETTERS, {"dead-letter-exchange": "elsewhere"}, Severity.RISK, Danger.SECRECY),
        (UNROUTED, {"overflow": "reject-publish"}, Severity.RISK, Danger.STOP),
        (UNROUTED, {"expires": 60_000}, Severity.BROKEN, Danger.LOSS),
    ],
)
def test_a_harmful_policy_is_reported_with_what_it_endangers(
    pattern: str, definition: dict[str, object], severity: Severity, danger: Danger
) -> None:
    finding = the_one(found(with_policy(definition, pattern=pattern)))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.POLICY_HARMLESS, severity, danger)
    assert "the policy theirs sets" in finding.text


@pytest.mark.parametrize(
    ("pattern", "definition"),
    [
        (COMMANDS, {"overflow": "reject-publish"}),
        (COMMANDS, {"delivery-limit": UNREACHED_DELIVERY_LIMIT}),
        (COMMANDS, {"max-length": 1_000_000}),
        (COMMANDS, {"dead-letter-strategy": "at-most-once", "dead-letter-exchange": "x"}),
        (UNROUTED, {"message-ttl": 10, "max-length": 5, "delivery-limit": 3, "overflow": "drop-head"}),
        ("^other", {"overflow": "drop-head"}),
        (COMMANDS, {"queue-leader-locator": "balanced"}),
    ],
)
def test_a_policy_that_changes_nothing_of_the_promise_is_left_alone(
    pattern: str, definition: dict[str, object]
) -> None:
    assert found(with_policy(definition, pattern=pattern)) == []


@pytest.mark.parametrize(("operator", "command"), [(False, "clear_policy"), (True, "clear_operator_policy")])
def test_the_line_takes_the_policy_away_and_the_text_says_how_to_keep_it(operator: bool, command: str) -> None:
    finding = the_one(found(with_policy({"expires": 1}, pattern=COMMANDS, operator=operator)))

    assert finding.mend == f"rabbitmqctl {command} -p / theirs"
    assert "a pattern that leaves this queue out" in finding.text


@pytest.mark.parametrize("key", ["max-length", "max-length-bytes"])
@pytest.mark.parametrize("limited_by_operator", [False, True])
def test_a_limit_that_drops_the_oldest_commands_is_reported_whichever_policy_sets_it(
    key: str, limited_by_operator: bool
) -> None:
    theirs: dict[str, object] = {"overflow": "drop-head"}
    policies = [PolicyFacts("theirs", False, COMMANDS, "queues", 3, theirs)]
    if limited_by_operator:
        policies.append(PolicyFacts("limits", True, COMMANDS, "queues", 0, {key: 10}))
    else:
        theirs[key] = 10

    by_key = {each.text.partition(" sets ")[2].partition(" ")[0]: each for each in found(_with(policies))}

    assert set(by_key) == {"overflow", key}
    assert (by_key[key].severity, by_key[key].danger) == (Severity.BROKEN, Danger.LOSS)
    assert "no event comes" in by_key[key].text


def _with(policies: list[PolicyFacts]) -> BrokerFacts:
    return replace(healthy_broker(), policies=tuple(policies))


def test_a_time_to_live_says_that_nobody_is_informed() -> None:
    assert "no event comes" in the_one(found(with_policy({"message-ttl": 60_000}, pattern=COMMANDS))).text


def test_only_the_policy_with_the_highest_priority_counts() -> None:
    weak = PolicyFacts("weak", False, COMMANDS, "queues", 0, {"overflow": "drop-head"})
    strong = PolicyFacts("strong", False, COMMANDS, "all", 1, {"overflow": "reject-publish"})

    assert found(replace(healthy_broker(), policies=(weak, strong))) == []


def test_a_policy_for_exchanges_alone_touches_no_queue() -> None:
    policy = PolicyFacts("theirs", False, "", "exchanges", 0, {"overflow": "drop-head"})

    assert found(replace(healthy_broker(), policies=(policy,))) == []


def test_a_pattern_that_cannot_be_understood_here_is_taken_to_match() -> None:
    assert found(with_policy({"expires": 1}, pattern="(?<name>"))

"""What the control says to a document that it cannot take: a sentence for each fault, in the words of the document."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from sandbox.provider.endpoints.control import Latency, fault_rules, refusal
from sandbox.provider.faults import Fault
from sandbox.provider.settings import Switches

LOC = ("type", "loc", "msg", "function-", "Input", "enum[", "literal[", "Value error")


def messages_of(error: ValidationError) -> list[str]:
    # It waits for nothing, so its first step is its last; an event loop would need sockets.
    with pytest.raises(StopIteration) as ended:
        refusal(Request({"type": "http"}), error).send(None)
    answer = ended.value.value
    assert answer.status_code == 422
    document: dict[str, Any] = json.loads(bytes(answer.body))
    assert set(document) == {"errors"}
    return list(document["errors"])


def refused(body: str) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        fault_rules(body.encode())
    return messages_of(caught.value)


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ("{}", ["fault: is required"]),
        ('{"fault": "slow", "nth": 0, "x": 1}', ["nth: must be greater than or equal to 1", "x: is not known here"]),
        ('{"fault": "slow", "applied": true}', ["Leave out applied: slow is always or never applied."]),
        ('{"fault": "redirect", "location": "a b"}', ["location: must match pattern '^[\\x21-\\x7e]+$'"]),
        ('{"fault": "throttled", "headers": {"x": 1}}', ["headers.x: is not known here"]),
        ("7", ["a rule must be an object with its fields"]),
        ("nonsense", ["the body is not JSON: expected ident at line 1 column 2"]),
        ('[{"fault": "slow"}, {"nth": 1}]', ["1.fault: is required"]),
    ],
)
def test_each_fault_is_a_sentence(body: str, messages: list[str]) -> None:
    assert refused(body) == messages


def test_a_name_out_of_a_few_is_reported_with_all_of_them() -> None:
    (fault,) = refused('{"fault": "nope"}')
    (operation,) = refused('{"fault": "slow", "operation": "nope"}')

    assert fault.startswith("fault: must be one of 'apply_then_drop', 'drop_before', ")
    assert operation.startswith("operation: must be one of 'add', ")
    assert operation.endswith("'unknown', '*'")


@pytest.mark.parametrize(("model", "body"), [(Switches, '{"filter": "x", "y": 1}'), (Latency, '{"seconds": "x"}')])
def test_the_other_endpoints_speak_the_same_way(model: type[BaseModel], body: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(body)

    messages = messages_of(caught.value)
    assert messages
    assert [word for word in LOC for sentence in messages if word in sentence] == []


def test_what_was_sent_is_never_echoed() -> None:
    assert "pl4nted" not in str(refused('{"fault": "pl4nted", "nth": "pl4nted"}'))


def test_one_rule_and_several_are_both_taken() -> None:
    assert [rule.fault for rule in fault_rules(b'{"fault": "slow"}')] == [Fault.SLOW]
    assert [rule.fault for rule in fault_rules(b'[{"fault": "slow"}, {"fault": "html"}]')] == [Fault.SLOW, Fault.HTML]
    assert fault_rules(b"[]") == ()

"""Faults: what each leaves of the state, for every operation that changes it."""

import http.client
import xml.etree.ElementTree as ET

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from tests.checks.rig import NEW, RESELLER, Dialect, Provider, Reply

A = {"user": "a@x.com"}
NAME = {**A, "credential_name": "cred1"}
V3 = "v3"
CHANGES: dict[Operation, tuple[str, dict[str, str]]] = {
    Operation.ADD: ("add", NEW),
    Operation.DELETE: ("delete", A),
    Operation.ENABLE: ("manage", {"method": "enable", "user": "b@x.com"}),
    Operation.DISABLE: ("manage", {"method": "disable", **A}),
    Operation.WEBSITE_DISABLE: ("manage", {"method": "website_disable", **A}),
    Operation.SET_PROFILE: ("manage", {"method": "profile", "task": "set", **A, "city": "Z"}),
    Operation.SET_PASSWORD: (
        "manage",
        {"method": "password", **A, "password": "secret1", "confirm_password": "secret1"},
    ),
    Operation.SET_USERNAME: ("manage", {"method": "profile", "task": "setUsername", **A, "username": "c@x.com"}),
    Operation.SET_EMAIL: ("manage", {"method": "profile", "task": "setEmail", **A, "email": "c@x.com"}),
    Operation.CREDENTIAL_ADD: (
        "credential",
        {"task": "add", **A, "credential_name": "cred2", "credential_password": "secret1"},
    ),
    Operation.CREDENTIAL_EDIT: ("credential", {"task": "edit", **NAME, "new_credential_password": "secret1"}),
    Operation.CREDENTIAL_DELETE: ("credential", {"task": "delete", **NAME}),
    Operation.USER_PROFILE_UPDATE: (V3, {"city": "Z"}),
}
NOTHING, HALF, WHOLE = "nothing", "half an answer", "an answer"
APPLIED = [
    (FaultRule(fault=Fault.APPLY_THEN_DROP), NOTHING),
    (FaultRule(fault=Fault.TRUNCATED), HALF),
    (FaultRule(fault=Fault.SLOW, delay_seconds=0.001), WHOLE),
    (FaultRule(fault=Fault.ERROR_500, applied=True), "a page with status 500"),
    (FaultRule(fault=Fault.HTML, applied=True), "a page with status 200"),
]
NOT_APPLIED = [
    (FaultRule(fault=Fault.DROP_BEFORE), NOTHING),
    (FaultRule(fault=Fault.OUTAGE), NOTHING),
    (FaultRule(fault=Fault.ERROR_500), "a page with status 500"),
    (FaultRule(fault=Fault.HTML), "a page with status 200"),
]


@pytest.fixture(params=[Dialect(RESELLER, "json"), Dialect(RESELLER, "xml")], ids=str)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    assert isinstance(request.param, Dialect)
    return request.param


def name_of(part: object) -> str:
    return part.fault if isinstance(part, FaultRule) else ""


def change(provider: Provider, operation: Operation) -> str:
    """Makes the one change of that operation, and says what comes back."""
    action, arguments = CHANGES[operation]
    try:
        if action == V3:
            return seen(provider.v3("PATCH", "/v3/user/profile", arguments, On_Behalf_Of="a@x.com"))
        return seen(provider.post(action, **arguments))
    except (http.client.HTTPException, ConnectionError):
        provider.close()
        return NOTHING


def seen(reply: Reply) -> str:
    """What a client makes of an answer."""
    if reply.headers["content-type"] == "text/html" and reply.body.startswith(b"<html>"):
        return f"a page with status {reply.status}"
    try:
        assert reply.content
    except (ValueError, ET.ParseError):
        return HALF
    return WHOLE


@pytest.mark.parametrize(("rule", "answer"), APPLIED, ids=name_of)
def test_c71_a_fault_after_the_effect_leaves_it_behind(provider: Provider, rule: FaultRule, answer: str) -> None:
    for operation in CHANGES:
        provider.sandbox.reset()
        provider.sandbox.inject(rule)

        assert change(provider, operation) == answer, operation

        assert provider.version == 1, operation
        assert (provider.last.operation, provider.last.effect) == (operation, "changed")


@pytest.mark.parametrize(("rule", "answer"), NOT_APPLIED, ids=name_of)
def test_c71_a_fault_before_the_effect_leaves_nothing(provider: Provider, rule: FaultRule, answer: str) -> None:
    before = provider.sandbox.state()
    provider.sandbox.inject(rule)
    for operation in CHANGES:
        assert change(provider, operation) == answer, operation
        assert (provider.last.operation, provider.last.effect) == (operation, "not_applied")

    assert provider.sandbox.state() == before

"""Faults: what each leaves of the state, for every operation that changes it."""

import http.client

import pytest

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from tests.checks.rig import NEW, RESELLER, Dialect, Provider

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
APPLIED = [
    FaultRule(fault=Fault.APPLY_THEN_DROP),
    FaultRule(fault=Fault.TRUNCATED),
    FaultRule(fault=Fault.SLOW, delay_seconds=0.001),
    FaultRule(fault=Fault.ERROR_500, applied=True),
    FaultRule(fault=Fault.HTML, applied=True),
]
NOT_APPLIED = [FaultRule(fault=fault) for fault in (Fault.DROP_BEFORE, Fault.OUTAGE, Fault.ERROR_500, Fault.HTML)]


@pytest.fixture(params=[Dialect(RESELLER, "json"), Dialect(RESELLER, "xml")], ids=str)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    assert isinstance(request.param, Dialect)
    return request.param


def name_of(rule: FaultRule) -> str:
    return rule.fault


def change(provider: Provider, operation: Operation) -> None:
    """Makes the one change of that operation, whatever comes back."""
    action, arguments = CHANGES[operation]
    try:
        if action == V3:
            provider.v3("PATCH", "/v3/user/profile", arguments, On_Behalf_Of="a@x.com")
        else:
            provider.post(action, **arguments)
    except (http.client.HTTPException, ConnectionError):
        provider.close()


@pytest.mark.parametrize("rule", APPLIED, ids=name_of)
def test_c71_a_fault_after_the_effect_leaves_it_behind(provider: Provider, rule: FaultRule) -> None:
    for operation in CHANGES:
        provider.sandbox.reset()
        provider.sandbox.inject(rule)

        change(provider, operation)

        assert provider.version == 1, operation
        assert (provider.last.operation, provider.last.effect) == (operation, "changed")


@pytest.mark.parametrize("rule", NOT_APPLIED, ids=name_of)
def test_c71_a_fault_before_the_effect_leaves_nothing(provider: Provider, rule: FaultRule) -> None:
    before = provider.sandbox.state()
    provider.sandbox.inject(rule)
    for operation in CHANGES:
        change(provider, operation)

        assert (provider.last.operation, provider.last.effect) == (operation, "not_applied")

    assert provider.sandbox.state() == before

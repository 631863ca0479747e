"""What each command becomes: operation, address, form or JSON, for every edition and format."""

import json
from typing import get_args

import pytest
from pydantic import ValidationError

from messages.catalog import CATALOG
from messages.commands import Command, CreateCustomer, RetrieveCustomers, UpdateUserProfile
from tests.support.work_samples import PASSWORD, USERNAME, create_command
from tests.unit.provider.rig import KEY, LOGIN, V2_URL, V3_KEY, V3_URL, Rig, form
from tests.unit.provider.samples import ALL_COMMANDS, CREDENTIALS, CUSTOMERS, UPDATE, V3_PROFILE, Change
from worker.errors import NotSent, Unsupported
from worker.provider.calls import RULES, Profiles
from worker.provider.config import (
    READS,
    USER_PROFILE_UPDATE,
    USER_USERNAME,
    CallResult,
    Edition,
    Format,
    Login,
    ProviderConfig,
)
from worker.provider.wire.transport import HttpRequest, Transport
from worker.settings.model import ProviderSettings

PREFIXES: dict[Edition, str] = {"reseller": "/apiv2/reseller.", "distributor": "/api/distributor."}
WITHOUT_V3_KEY = Login("reseller", KEY)
PROFILE_ANSWER = json.dumps({**V3_PROFILE, "city": "London"}).encode()


def test_every_command_that_changes_something_has_a_rule_or_is_of_v3() -> None:
    assert {*RULES, UpdateUserProfile, RetrieveCustomers} == {entry.model for entry in CATALOG.values()}


def test_no_two_calls_are_counted_as_one_operation() -> None:
    named = [*(rule.operation for rule in RULES.values()), *READS, USER_PROFILE_UPDATE]

    assert len(set(named)) == len(named)


@pytest.mark.parametrize("format_", get_args(Format))
@pytest.mark.parametrize("edition", get_args(Edition))
@pytest.mark.parametrize("change", CUSTOMERS, ids=str)
def test_a_change_of_a_customer_is_one_form(change: Change, edition: Edition, format_: Format) -> None:
    rig = Rig(edition=edition, format_=format_)

    rig.client.apply(change.command)

    [request] = rig.transport.requests
    assert (request.method, request.url) == ("POST", f"{V2_URL}{PREFIXES[edition]}{change.action}.{format_}")
    assert rig.sent == {"api_user": "reseller", "api_key": KEY, **change.fields}
    assert rig.observed == [(change.operation, CallResult.SUCCESS)]


@pytest.mark.parametrize("format_", get_args(Format))
@pytest.mark.parametrize("change", CREDENTIALS, ids=str)
def test_a_change_of_a_credential_is_one_form_of_the_reseller_edition(change: Change, format_: Format) -> None:
    rig = Rig(format_=format_)

    rig.client.apply(change.command)

    assert rig.transport.requests[0].url == f"{V2_URL}/apiv2/reseller.credential.{format_}"
    assert rig.sent == {"api_user": "reseller", "api_key": KEY, **change.fields}
    assert rig.observed == [(change.operation, CallResult.SUCCESS)]


@pytest.mark.parametrize("change", CREDENTIALS, ids=str)
def test_the_distributor_edition_refuses_credentials_without_a_call(change: Change) -> None:
    rig = Rig(edition="distributor")

    with pytest.raises(Unsupported, match="PROVISIONING_PROVIDER__EDITION=reseller") as refused:
        rig.client.apply(change.command)

    assert (refused.value.errors, refused.value.hint) == ((), None)
    assert (rig.transport.requests, rig.observed) == ([], [])


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=lambda command: type(command).__name__)
def test_no_address_holds_anything_of_the_command_or_the_login(command: Command) -> None:
    rig = Rig()
    if command is UPDATE:
        rig.answer(PROFILE_ANSWER)

    rig.client.apply(command)

    [request] = rig.transport.requests
    for private in (KEY, V3_KEY, PASSWORD, USERNAME, "mailer", "?"):
        assert private not in request.url
    assert KEY not in repr(request)
    assert V3_KEY not in repr(request)


def test_lists_dates_and_truths_are_written_as_the_provider_reads_them() -> None:
    rig = Rig()
    more = {"ip": ["10.0.0.1", "10.0.0.2"], "ip_group": ["a b"], "free_user": False, "billing_date": "2026-12-01"}

    rig.client.apply(CreateCustomer.model_validate({**create_command().revealed(), **more}))

    sent = form(rig.transport.requests[0])
    assert [value for name, value in sent if name == "ip[]"] == ["10.0.0.1", "10.0.0.2"]
    assert sent.count(("ip_group[]", "a b")) == 1
    assert ("free_user", "false") in sent
    assert ("billing_date", "2026-12-01") in sent
    assert not {"ip", "ip_group"} & {name for name, _ in sent}


def test_a_list_is_asked_for_as_json_in_either_format() -> None:
    rig = Rig(edition="distributor", format_="xml")
    rig.answer(b"[]")

    rig.client.find(USERNAME)

    assert rig.transport.requests[0].url == f"{V2_URL}/api/distributor.manage.json"


def test_a_profile_is_patched_on_behalf_of_exactly_the_user_it_names() -> None:
    rig = Rig(edition="distributor", format_="xml")
    rig.answer(PROFILE_ANSWER)

    rig.client.apply(UPDATE)

    [request] = rig.transport.requests
    assert (request.method, request.url) == ("PATCH", f"{V3_URL}/v3/user/profile")
    assert json.loads(request.body or b"") == V3_PROFILE
    assert request.headers == {
        "Accept": "application/json",
        "Authorization": f"Bearer {V3_KEY}",
        "Content-Type": "application/json",
        "On-Behalf-Of": "Ada@Example.com",
    }
    assert rig.observed == [(USER_PROFILE_UPDATE, CallResult.SUCCESS)]


def test_an_account_is_named_as_it_is() -> None:
    rig = Rig()
    rig.answer(b'{"username":"ada@example.com","user_id":7}', b'{"username":"reseller"}')

    assert rig.client.acting_for("account-id 42") == "ada@example.com"

    request, own = rig.transport.requests
    assert (own.method, own.url, "On-Behalf-Of" in own.headers) == (request.method, request.url, False)
    assert (request.method, request.url, request.body) == ("GET", f"{V3_URL}/v3/user/username", None)
    assert request.headers["On-Behalf-Of"] == "account-id 42"
    assert rig.observed == [(USER_USERNAME, CallResult.SUCCESS)] * 2


def test_v3_lives_where_v2_does_unless_it_is_set() -> None:
    call = Profiles(ProviderConfig(f"{V2_URL}/", LOGIN)).username("ada")

    assert call.request(LOGIN).url == f"{V2_URL}/v3/user/username"


@pytest.mark.parametrize("login", [WITHOUT_V3_KEY, Login("reseller", KEY, "")], ids=["none", "empty"])
def test_without_its_key_v3_refuses_without_a_call(login: Login) -> None:
    rig = Rig(login=login)

    with pytest.raises(Unsupported, match="PROVISIONING_PROVIDER__V3_API_KEY"):
        rig.client.apply(UPDATE)
    with pytest.raises(Unsupported, match="PROVISIONING_PROVIDER__V3_API_KEY"):
        rig.client.acting_for("ada@example.com")

    assert (rig.transport.requests, rig.observed) == ([], [])


def test_what_only_reads_changes_nothing() -> None:
    with pytest.raises(TypeError, match="RetrieveCustomers"):
        Rig().client.apply(RetrieveCustomers())


@pytest.mark.parametrize("key", ["", " ", "\t", " SG.key"])
def test_a_blank_v3_key_is_no_setting(key: str) -> None:
    with pytest.raises(ValidationError, match="v3_api_key"):
        ProviderSettings.model_validate({"api_user": "reseller", "api_key": KEY, "v3_api_key": key})


@pytest.mark.parametrize("seconds", [0.0, -0.0, -3.0])
def test_what_has_no_time_left_is_not_sent(seconds: float) -> None:
    transport = Transport(ProviderConfig(V2_URL, LOGIN))

    with pytest.raises(NotSent, match="over before it could be sent"):
        transport.send(HttpRequest("GET", V2_URL, {}), seconds)

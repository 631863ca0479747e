"""Create: what must be there, how long it may be, and whose it may be."""

import xml.etree.ElementTree as ET
from urllib.parse import urlencode

import pytest

from sandbox.provider.remote import RemoteSandbox
from tests.checks.rig import DISTRIBUTOR, LOGIN, NEW, OK, RESELLER, Dialect, Provider

DECLARED = b'<?xml version="1.0" encoding="ISO-8859-1"?>'


def test_c01_a_customer_with_all_required_fields_is_created(provider: Provider) -> None:
    assert provider.post("add", **NEW).content == OK

    row = provider.row("new@x.com")
    assert row["active"] == "true"
    assert {name: row[name] for name in NEW if name in row} == {name: NEW[name] for name in NEW if name in row}
    assert provider.customer("new@x.com").website_access
    assert provider.customer("new@x.com").password_digest == provider.sandbox.digest("secret1")
    assert provider.sandbox.journal()[0].username == "new@x.com"


def test_c01_in_json_the_success_is_the_documented_one_to_the_byte(server: RemoteSandbox) -> None:
    server.reset()
    provider = Provider(server, Dialect(RESELLER, "json"))

    answer = provider.post("add", **NEW)

    assert (answer.body, answer.headers["content-type"]) == (b'{"message":"success"}', "application/json")
    provider.close()


def test_c02_in_xml_the_success_is_a_declared_document(server: RemoteSandbox) -> None:
    server.reset()
    for prefix in (RESELLER, DISTRIBUTOR):
        provider = Provider(server, Dialect(prefix, "xml"))
        answer = provider.post("add", **{**NEW, "username": f"{prefix[-4:]}@x.com"})
        provider.close()

        assert answer.body == DECLARED + b"<result><message>success</message></result>"
        assert answer.headers["content-type"] == "application/xml"
        assert ET.fromstring(answer.body).tag == "result"  # noqa: S314 - our own server's


def test_c03_what_one_edition_creates_the_other_lists(server: RemoteSandbox) -> None:
    server.reset()
    old, new = Provider(server, Dialect(DISTRIBUTOR, "json")), Provider(server, Dialect(RESELLER, "json"))

    assert old.post("add", **NEW).content == OK

    assert new.names(username="new@x.com") == ["new@x.com"]
    assert [entry.edition for entry in server.journal()] == ["distributor", "reseller"]
    old.close()
    new.close()


def test_c04_everything_may_stand_in_the_query(provider: Provider) -> None:
    query = urlencode({**LOGIN, **NEW})

    assert provider.send("GET", f"{provider.dialect.path('add')}?{query}").content == OK

    assert provider.names(username="new@x.com") == ["new@x.com"]
    assert set(provider.sandbox.journal()[0].query_names) == {*LOGIN, *NEW}


def test_c04_the_query_and_the_body_are_merged_and_the_body_has_the_last_word(provider: Provider) -> None:
    query = urlencode({**LOGIN, "city": "asked", "ip[]": "10.0.0.1"})
    body = urlencode({**NEW, "city": "sentences", "ip[]": "10.0.0.2"}).encode()
    path = f"{provider.dialect.path('add')}?{query}"

    assert provider.send("POST", path, body, Content_Type="application/x-www-form-urlencoded").content == OK

    created = provider.customer("new@x.com")
    assert (created.city, created.ips) == ("sentences", ("10.0.0.1", "10.0.0.2"))


def test_c04_a_body_that_is_no_form_has_no_arguments(provider: Provider) -> None:
    path = f"{provider.dialect.path('add')}?{urlencode(LOGIN)}"

    assert len(provider.send("POST", path, urlencode(NEW).encode(), Content_Type="application/json").errors) == 16


def test_c05_each_required_field_is_missed_and_nothing_is_created(provider: Provider) -> None:
    assert len(NEW) == 16
    for name in NEW:
        without = {key: value for key, value in NEW.items() if key != name}
        for wrong in (without, {**NEW, name: ""}):
            assert provider.post("add", **wrong).errors == [f"Missing {name} parameter"]

    assert provider.version == 0


def test_c05_leniently_the_company_and_a_free_users_package_may_be_missing(provider: Provider) -> None:
    provider.switch(required="lenient")
    free = {**NEW, "company": "", "package": "", "free_user": "true"}

    assert provider.post("add", **{**NEW, "company": "", "package": ""}).errors == ["Missing package parameter"]
    assert provider.post("add", **free).content == OK


def test_c06_every_fault_is_reported_at_once(provider: Provider) -> None:
    wrong = {"email": "bad", "zip": "z" * 51, "package": "No", "confirm_password": "other12", "city": ""}

    sentences = provider.post("add", **{**NEW, **wrong}).errors

    assert len(sentences) == len(set(sentences)) == 5
    assert provider.version == 0


def test_c07_a_username_has_at_most_64_characters(provider: Provider) -> None:
    errors = provider.post("add", **{**NEW, "username": "u" * 65}).errors
    assert errors == ["username must be no more than 64 characters"]
    assert provider.post("add", **{**NEW, "username": "u" * 64}).content == OK


@pytest.mark.parametrize(
    ("email", "content"),
    [
        ("e" * 59 + "@x.com", "email must be no more than 64 characters"),
        ("no-at-sign", "email must be in email format"),
    ],
)
def test_c08_an_email_too_long_or_without_its_form_is_refused(provider: Provider, email: str, content: str) -> None:
    assert provider.post("add", **{**NEW, "email": email}).errors == [content]


def test_c08_an_email_of_64_characters_is_taken(provider: Provider) -> None:
    assert provider.post("add", **{**NEW, "email": "e" * 58 + "@x.com"}).content == OK


LIMITS = {
    **dict.fromkeys(("first_name", "last_name", "zip", "phone"), 50),
    **dict.fromkeys(("address", "city", "state", "country"), 100),
    **dict.fromkeys(("website", "company"), 255),
}


def test_c09_each_field_is_refused_beyond_its_limit(provider: Provider) -> None:
    for name, limit in LIMITS.items():
        errors = provider.post("add", **{**NEW, name: "x" * (limit + 1)}).errors
        assert errors == [f"{name} must be no more than {limit} characters"]

    assert provider.version == 0


def test_c09_all_fields_at_their_limit_are_taken(provider: Provider) -> None:
    assert provider.post("add", **{**NEW, **{name: "x" * limit for name, limit in LIMITS.items()}}).content == OK


def test_c10_a_zip_code_is_not_validated(provider: Provider) -> None:
    assert provider.post("add", **{**NEW, "zip": "not-a-zip"}).content == OK


def test_c11_a_password_has_six_characters_or_more(provider: Provider) -> None:
    errors = provider.post("add", **{**NEW, "password": "12345", "confirm_password": "12345"}).errors
    assert errors == ["password must be at least 6 characters"]
    assert provider.post("add", **{**NEW, "password": "123456", "confirm_password": "123456"}).content == OK


def test_c12_the_confirmation_must_match(provider: Provider) -> None:
    errors = provider.post("add", **{**NEW, "confirm_password": "secret2"}).errors
    assert errors == ["confirm_password must match password"]


@pytest.mark.parametrize("name", ["a@x.com", "A@X.com", "CRED1", "ACME"])
def test_c13_a_name_in_use_is_refused_and_its_owner_unchanged(provider: Provider, name: str) -> None:
    before = provider.sandbox.state()

    assert provider.post("add", **{**NEW, "username": name}).errors == ["Credential Resource Already Exists"]

    assert provider.sandbox.state() == before


def test_c14_a_deleted_customers_name_is_never_free_again(provider: Provider) -> None:
    for name in ("gone@x.com", "Gone@X.com"):
        errors = provider.post("add", **{**NEW, "username": name}).errors
        assert errors == ["Credential Resource Already Exists"]


def test_c14_unless_tombstones_are_switched_off(provider: Provider) -> None:
    provider.switch(tombstone="off")

    assert provider.post("add", **{**NEW, "username": "gone@x.com"}).content == OK


def test_c15_addresses_must_be_the_resellers_and_allowed_by_the_package(provider: Provider) -> None:
    wrong = {"10.0.0.9": "must belong to your account", "ten": "must be a valid IP address"}
    for ip, content in wrong.items():
        assert provider.post("add", **{**NEW, "ip[]": ["10.0.0.1", ip]}).errors == [f"ip[] {content}"]
    bare = {**NEW, "ip[]": "10.0.0.1", "package": "Bare"}
    assert provider.post("add", **bare).errors == ["ip[] is not allowed by the package"]


@pytest.mark.parametrize("name", ["ip[]", "ip%5B%5D"])
def test_c15_addresses_repeat_their_name_however_its_brackets_are_written(provider: Provider, name: str) -> None:
    body = f"{urlencode({**LOGIN, **NEW})}&{name}=10.0.0.1&{name}=10.0.0.2&ip=no-parameter".encode()

    assert provider.send("POST", provider.dialect.path("add"), body).content == OK
    assert provider.customer("new@x.com").ips == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    ("group", "content"),
    [("unknown", "must belong to your account"), ("g" * 256, "must be no more than 255 characters")],
)
def test_c16_a_group_of_addresses_must_be_the_resellers(provider: Provider, group: str, content: str) -> None:
    assert provider.post("add", **{**NEW, "ip_group[]": group}).errors == [f"ip_group[] {content}"]
    assert provider.post("add", **{**NEW, "ip_group[]": "shared"}).content == OK


@pytest.mark.parametrize("word", ["tru", "True", "1", ""])
def test_c17_free_user_is_no_other_word_than_true_or_false(provider: Provider, word: str) -> None:
    assert provider.post("add", **{**NEW, "free_user": word}).errors


@pytest.mark.parametrize(
    ("given", "is_free"), [({"free_user": "true"}, True), ({"free_user": "false"}, False), ({}, False)]
)
def test_c17_a_customer_is_free_only_when_it_says_so(provider: Provider, given: dict[str, str], is_free: bool) -> None:
    assert provider.post("add", **NEW, **given).content == OK
    assert provider.customer("new@x.com").free_user is is_free


@pytest.mark.parametrize("day", ["2011-03-29", "2011-02-27"])
def test_c18_a_billing_date_beyond_the_cycle_is_refused(provider: Provider, day: str) -> None:
    provider.switch(today="2011-02-28")

    errors = provider.post("add", **{**NEW, "billing_date": day}).errors

    assert errors == ["billing_date must be within one billing cycle"]


@pytest.mark.parametrize("day", ["3/28/11", "2011-3-28", "2011-02-30", "20110301"])
def test_c18_a_billing_date_written_otherwise_is_refused(provider: Provider, day: str) -> None:
    provider.switch(today="2011-02-28")

    assert len(provider.post("add", **{**NEW, "billing_date": day}).errors) == 1


@pytest.mark.parametrize("day", ["2011-02-28", "2011-03-28"])
def test_c18_a_billing_date_may_be_today_or_up_to_a_month_ahead(provider: Provider, day: str) -> None:
    provider.switch(today="2011-02-28")

    assert provider.post("add", **{**NEW, "billing_date": day}).content == OK
    assert str(provider.customer("new@x.com").billing_date) == day


def test_c19_a_package_must_exist(provider: Provider) -> None:
    assert provider.post("add", **{**NEW, "package": "Platinum"}).errors == ["package does not exist"]

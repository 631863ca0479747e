"""Create: all faults told at once, nothing created when there is one."""

import json
from collections.abc import Callable

import pytest

from sandbox.provider.operations.replies import Answer, AnswerKind
from sandbox.provider.settings import Required, Switches
from sandbox.provider.standin import StandIn

Say = Callable[..., Answer]
Arguments = dict[str, object]


def errors(answer: Answer) -> list[str]:
    """The texts of an error list; none for a success."""
    document = json.loads(answer.body)
    return list(document.get("errors", []))


def test_c01_all_required_fields_create_an_active_customer(say: Say, new: Arguments, standin: StandIn) -> None:
    assert say("add", **new).body == b'{"message":"success"}'

    (row,) = json.loads(say("manage", method="profile", task="get", username="new@x.com").body)
    assert row["active"] == "true"
    assert standin.accounts.version == 1


def test_c05_each_required_field_is_missed(say: Say, new: Arguments, standin: StandIn) -> None:
    assert len(new) == 16
    for name in new:
        assert errors(say("add", **{**new, name: ""})) == [f"Missing {name} parameter"]
    assert standin.accounts.version == 0


def test_c05_leniently_a_company_may_be_missing_and_a_free_user_needs_no_package(
    say: Say, new: Arguments, standin: StandIn
) -> None:
    standin.switches = Switches(required=Required.LENIENT)

    assert errors(say("add", **{**new, "company": "", "package": ""})) == ["Missing package parameter"]
    assert not errors(say("add", **{**new, "company": "", "package": "", "free_user": "true"}))


def test_c06_every_fault_has_its_own_text(say: Say, new: Arguments) -> None:
    told = errors(say("add", **{**new, "email": "bad", "zip": "z" * 51, "package": "No", "password": ""}))

    assert len(told) == len(set(told)) == 4


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("username", 64),
        *((name, 50) for name in ("first_name", "last_name", "zip", "phone")),
        *((name, 100) for name in ("address", "city", "state", "country")),
        *((name, 255) for name in ("website", "company")),
    ],
)
def test_c07_c09_a_field_may_be_as_long_as_its_limit(say: Say, new: Arguments, name: str, limit: int) -> None:
    over = errors(say("add", **{**new, name: "x" * (limit + 1)}))

    assert over == [f"{name} must be no more than {limit} characters"]
    assert not errors(say("add", **{**new, name: "x" * limit}))


def test_c08_an_email_has_its_form_and_at_most_64_characters(say: Say, new: Arguments) -> None:
    assert errors(say("add", **{**new, "email": "x" * 59 + "@x.com"})) == ["email must be no more than 64 characters"]
    assert errors(say("add", **{**new, "email": "no-at-sign"})) == ["email must be in email format"]
    assert not errors(say("add", **{**new, "email": "x" * 58 + "@x.com"}))


def test_c10_a_zip_code_is_not_validated(say: Say, new: Arguments) -> None:
    assert not errors(say("add", **{**new, "zip": "not-a-zip"}))


def test_c11_a_password_has_six_characters_or_more(say: Say, new: Arguments) -> None:
    short = {"password": "12345", "confirm_password": "12345"}

    assert errors(say("add", **{**new, **short})) == ["password must be at least 6 characters"]
    assert not errors(say("add", **{**new, "password": "123456", "confirm_password": "123456"}))


def test_c12_the_confirmation_must_match(say: Say, new: Arguments) -> None:
    assert errors(say("add", **{**new, "confirm_password": "secret2"})) == ["confirm_password must match password"]


@pytest.mark.parametrize("name", ["a@x.com", "A@x.com", "theirs@x.com", "cred1", "acme"])
def test_c13_a_taken_name_is_refused_whoever_has_it(say: Say, new: Arguments, name: str, standin: StandIn) -> None:
    assert errors(say("add", **{**new, "username": name})) == ["Credential Resource Already Exists"]
    assert standin.accounts.version == 0


def test_c14_a_deleted_customers_name_is_refused_unless_switched_off(
    say: Say, new: Arguments, standin: StandIn
) -> None:
    assert errors(say("add", **{**new, "username": "gone@x.com"})) == ["Credential Resource Already Exists"]

    standin.switches = Switches(tombstone=False)
    assert not errors(say("add", **{**new, "username": "gone@x.com"}))


def test_c15_addresses_must_be_the_resellers_and_allowed_by_the_package(say: Say, new: Arguments) -> None:
    owned = {"ip[]": ["10.0.0.1", "10.0.0.2"]}

    assert errors(say("add", **{**new, "ip[]": ["10.0.0.1", "10.0.0.9"]})) == ["ip[] must belong to your account"]
    assert errors(say("add", **{**new, "ip[]": ["ten"]})) == ["ip[] must be a valid IP address"]
    assert errors(say("add", **{**new, **owned, "package": "Bare"})) == ["ip[] is not allowed by the package"]
    assert not errors(say("add", **{**new, **owned, "ip": "ten"}))


def test_c16_a_group_of_addresses_must_be_the_resellers(say: Say, new: Arguments) -> None:
    assert errors(say("add", **{**new, "ip_group[]": "unknown"})) == ["ip_group[] must belong to your account"]
    assert errors(say("add", **{**new, "ip_group[]": "g" * 256})) == ["ip_group[] must be no more than 255 characters"]
    assert not errors(say("add", **{**new, "ip_group[]": "shared"}))


@pytest.mark.parametrize(("word", "is_good"), [("true", True), ("false", True), ("tru", False), ("True", False)])
def test_c17_free_user_is_true_or_false(say: Say, new: Arguments, word: str, *, is_good: bool) -> None:
    assert (say("add", **{**new, "free_user": word}).kind is AnswerKind.OK) is is_good


def test_c18_a_billing_date_is_measured_against_the_providers_calendar(say: Say, new: Arguments) -> None:
    assert errors(say("add", **{**new, "billing_date": "2011-03-29"})) == [
        "billing_date must be within one billing cycle"
    ]
    assert not errors(say("add", **{**new, "billing_date": "2011-03-28"}))


def test_c19_an_unknown_package_is_refused(say: Say, new: Arguments) -> None:
    assert errors(say("add", **{**new, "package": "Platinum"})) == ["package does not exist"]


def test_what_was_created_is_kept_whole(say: Say, new: Arguments, standin: StandIn) -> None:
    say("add", **{**new, "free_user": "true", "billing_date": "2011-03-01", "ip[]": ["10.0.0.2"], "city": "Łódź"})

    kept = standin.accounts.customers()[-1]
    assert (kept.reseller, kept.city, kept.ips, kept.free_user) == ("acme", "Łódź", ("10.0.0.2",), True)
    assert str(kept.billing_date) == "2011-03-01"
    assert kept.password_digest == standin.seal.digest("secret1")


def test_the_providers_own_domain_is_refused_only_by_switch(say: Say, new: Arguments, standin: StandIn) -> None:
    inside = {**new, "username": "x@mail.SendGrid.com"}
    standin.switches = Switches(sendgrid_domain_on_create=True)

    assert errors(say("add", **inside)) == ["username cannot be in the provider's own domain"]

    standin.switches = Switches()
    assert not errors(say("add", **inside))

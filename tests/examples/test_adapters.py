"""What the adapters make of webhooks: who sent them, which command they are, and the same one when they come again."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from examples.adapters.chargebee import Chargebee
from examples.adapters.stripe import TOLERANCE_SECONDS, Stripe
from examples.adapters.translation import Adapter, Malformed, NotForUs, Terms
from messages.envelope import Envelope, decode
from messages.errors import MessageError
from messages.forms import WireMessage
from tests.examples.webhooks import (
    LOGIN,
    SIGNING_SECRET,
    chargebee,
    sample,
    signature,
    stripe_change,
    stripe_customer,
    stripe_headers,
    stripe_subscription,
)

NOW = 1_795_253_410
BODY = b'{"id": "evt_1", "name": "\xc3\xa9"}'
TERMS = Terms(b"a secret of the adapter", "Basic", "www.example.com", "mail.example.com")
STRIPE = Stripe(SIGNING_SECRET, TERMS, now=lambda: NOW)
CHARGEBEE = Chargebee(*LOGIN, TERMS)
STRIPE_CUSTOMER = "cus_A1b2C3d4E5f6G7"
CHARGEBEE_CUSTOMER = "A1b2C3d4E5f6G"


def judged(adapter: Adapter, webhook: Mapping[str, Any]) -> Envelope:
    """Translate a webhook and have the worker's own rules judge the command."""
    made = adapter.translate(webhook)
    assert not isinstance(made, NotForUs)
    return decode(WireMessage(json.dumps(made).encode(), content_type="application/cloudevents+json"))


def revealed(envelope: Envelope) -> Mapping[str, object]:
    return envelope.data.revealed()


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        (f"t={NOW},v1={signature(BODY, NOW)}", True),
        (f"t={NOW}, v1={signature(BODY, NOW)}", True),
        (f"t={NOW},v1={signature(BODY, NOW, 'old')},v1={signature(BODY, NOW)}", True),
        (f"v1={signature(BODY, NOW)},t={NOW},v0=abc", True),
        (f"t={NOW - TOLERANCE_SECONDS},v1={signature(BODY, NOW - TOLERANCE_SECONDS)}", True),
        (f"t={NOW - TOLERANCE_SECONDS - 1},v1={signature(BODY, NOW - TOLERANCE_SECONDS - 1)}", False),
        (f"t={NOW + TOLERANCE_SECONDS + 1},v1={signature(BODY, NOW + TOLERANCE_SECONDS + 1)}", False),
        (f"t={NOW},v1={signature(BODY, NOW, 'another secret')}", False),
        (f"t={NOW},v1={signature(BODY + b' ', NOW)}", False),
        (f"t={NOW + 1},v1={signature(BODY, NOW)}", False),
        (f"t={NOW},v0={signature(BODY, NOW)}", False),
        (f"t={NOW},v1={signature(BODY, NOW).upper()}", False),
        (f"t={NOW},t={NOW},v1={signature(BODY, NOW)}", False),
        (f"v1={signature(BODY, NOW)}", False),
        (f"t={NOW},v1=", False),
        (f"t={NOW},v1=\u00e9", False),
        (f"t=\u0661,v1={signature(BODY, NOW)}", False),
        (f"t={'9' * 5000},v1=x", False),
        ("", False),
    ],
)
def test_a_stripe_signature_is_of_this_body_with_our_secret_and_fresh(header: str, genuine: bool) -> None:
    assert STRIPE.is_genuine({"stripe-signature": header}, BODY) is genuine


def test_a_tampered_body_is_not_stripes() -> None:
    body = json.dumps(sample("stripe-customer-created")).encode()
    headers = stripe_headers(body, NOW)

    assert STRIPE.is_genuine(headers, body)
    assert not STRIPE.is_genuine(headers, body.replace(b"ada@", b"eve@"))
    assert not STRIPE.is_genuine({}, body)


def basic(login: str, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(login.encode()).decode()}"


@pytest.mark.parametrize(
    ("header", "genuine"),
    [
        (basic("billing:pass:word"), True),
        (basic("billing:pass:word", "basic"), True),
        (basic("billing:other"), False),
        (basic("other:pass:word"), False),
        (basic("billing:pass:word", "Bearer"), False),
        ("Basic billing:pass:word", False),
        ("Basic \u00e9", False),
        ("", False),
    ],
)
def test_a_chargebee_webhook_brings_the_login(header: str, genuine: bool) -> None:
    assert CHARGEBEE.is_genuine({"authorization": header}, b"{}") is genuine
    assert not CHARGEBEE.is_genuine({}, b"{}")


@pytest.mark.parametrize(
    ("webhook", "kind"),
    [
        (stripe_customer(), "CreateCustomer"),
        (stripe_customer("customer.deleted"), "DeleteCustomer"),
        (stripe_subscription("customer.subscription.created", "active"), "EnableCustomer"),
        (stripe_subscription("customer.subscription.created", "trialing"), "EnableCustomer"),
        (stripe_subscription("customer.subscription.resumed", "active"), "EnableCustomer"),
        (stripe_subscription("customer.subscription.paused", "paused"), "DisableCustomer"),
        *((stripe_change("past_due", now), "EnableCustomer") for now in ("active", "trialing")),
        (stripe_change("incomplete", "active"), "EnableCustomer"),
        *((stripe_change("active", now), "DisableCustomer") for now in ("canceled", "unpaid", "paused")),
        (stripe_change("past_due", "unpaid"), "DisableCustomer"),
        (stripe_subscription("customer.subscription.deleted", "canceled"), "DisableCustomer"),
    ],
)
def test_what_happens_at_stripe_is_a_command_by_the_workers_rules(webhook: dict[str, Any], kind: str) -> None:
    command = judged(STRIPE, webhook)

    assert (command.type, command.source, command.id) == (kind, "stripe", webhook["id"])
    assert (command.subject, command.time) == (STRIPE_CUSTOMER, float(webhook["created"]))
    assert revealed(command)["username"] == STRIPE_CUSTOMER


@pytest.mark.parametrize(
    ("happened", "kind"),
    [
        ("customer_created", "CreateCustomer"),
        ("customer_deleted", "DeleteCustomer"),
        ("subscription_cancelled", "DisableCustomer"),
        ("subscription_paused", "DisableCustomer"),
        ("subscription_reactivated", "EnableCustomer"),
        ("subscription_resumed", "EnableCustomer"),
    ],
)
def test_what_happens_at_chargebee_is_a_command_by_the_workers_rules(happened: str, kind: str) -> None:
    webhook = chargebee(happened)
    command = judged(CHARGEBEE, webhook)

    assert (command.type, command.source, command.id) == (kind, "chargebee", webhook["id"])
    assert (command.subject, command.time) == (CHARGEBEE_CUSTOMER, float(webhook["occurred_at"]))
    assert revealed(command)["username"] == f"cb-{CHARGEBEE_CUSTOMER}"


@pytest.mark.parametrize(
    ("adapter", "webhook"),
    [
        (STRIPE, stripe_customer("customer.updated")),
        (STRIPE, stripe_subscription("customer.subscription.created", "incomplete")),
        (STRIPE, stripe_change(None, "active")),
        (STRIPE, stripe_change(None, "unpaid")),
        (STRIPE, stripe_change("active", "past_due")),
        (STRIPE, stripe_change("trialing", "active")),
        (STRIPE, stripe_change("active", "active")),
        (STRIPE, stripe_change("unpaid", "canceled")),
        (STRIPE, stripe_change("incomplete", "incomplete_expired")),
        (STRIPE, {"type": "invoice.paid"}),
        (CHARGEBEE, chargebee("customer_changed")),
        (CHARGEBEE, {"event_type": "invoice_generated"}),
    ],
)
def test_what_asks_for_nothing_is_reported(adapter: Adapter, webhook: dict[str, Any]) -> None:
    assert isinstance(adapter.translate(webhook), NotForUs)


def test_a_new_customer_has_all_that_the_vendors_name() -> None:
    by_stripe = revealed(judged(STRIPE, stripe_customer()))
    by_chargebee = revealed(judged(CHARGEBEE, chargebee("customer_created")))

    shared = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Example", "zip": "91234", "country": "US"}
    shared |= {"address": "1 Harbor Street, 2nd floor", "city": "Springfield", "phone": "555-0100", "package": "Basic"}
    shared |= {"company": "Ada Ltd", "website": "ada.example.com", "whitelabel": "mail.ada.example.com"}
    assert shared.items() <= by_stripe.items()
    assert shared.items() <= by_chargebee.items()
    assert (by_stripe["state"], by_chargebee["state"]) == ("CA", "California")


@pytest.mark.parametrize(
    ("adapter", "webhook"),
    [
        (STRIPE, stripe_customer(address=None, name=None)),
        (CHARGEBEE, chargebee("customer_created", billing_address=None)),
    ],
)
def test_what_a_vendor_does_not_know_is_left_to_the_worker_to_miss(adapter: Adapter, webhook: dict[str, Any]) -> None:
    with pytest.raises(MessageError, match=r"city: is required.*country: is required"):
        judged(adapter, webhook)


def test_what_was_agreed_with_nobody_comes_from_the_terms() -> None:
    command = revealed(judged(STRIPE, stripe_customer(metadata={})))

    assert (command["website"], command["whitelabel"]) == ("www.example.com", "mail.example.com")
    assert command["company"] == "Ada Example"


@pytest.mark.parametrize(
    ("adapter", "webhook"), [(STRIPE, stripe_customer()), (CHARGEBEE, chargebee("customer_created"))]
)
def test_a_webhook_that_comes_again_is_the_same_command(adapter: Adapter, webhook: dict[str, Any]) -> None:
    again = json.loads(json.dumps(webhook)) | {"pending_webhooks": 0, "webhook_status": "re_scheduled"}

    assert adapter.translate(webhook) == adapter.translate(again)


def test_the_first_password_hangs_on_the_event_and_the_adapters_secret_alone() -> None:
    other_terms = Terms(b"another secret", "Basic", "www.example.com", "mail.example.com")
    passwords = {
        str(revealed(judged(adapter, webhook))["password"])
        for adapter in (STRIPE, Stripe(SIGNING_SECRET, other_terms), Stripe("another", TERMS))
        for webhook in (
            stripe_customer(),
            stripe_customer(email="new@example.com"),
            stripe_customer() | {"id": "evt_2"},
        )
    }

    assert len(passwords) == 4
    assert {len(password) for password in passwords} == {43}
    assert "a secret of the adapter" not in repr(TERMS)


@pytest.mark.parametrize(
    ("adapter", "webhook", "missing"),
    [
        (STRIPE, {}, "type"),
        (STRIPE, {"type": "customer.created"}, "id"),
        (STRIPE, {"type": "customer.deleted", "data": []}, "id"),
        (STRIPE, {"type": "customer.deleted", "data": {"object": {"id": "cus_1"}}, "id": "evt_1"}, "created"),
        (STRIPE, stripe_customer() | {"created": 10**12}, "created"),
        (STRIPE, stripe_customer() | {"created": True}, "created"),
        (
            STRIPE,
            stripe_subscription("customer.subscription.deleted", "canceled") | {"data": {"object": 5}},
            "customer",
        ),
        (CHARGEBEE, {"event_type": "customer_created", "content": None}, "customer.id"),
        (CHARGEBEE, chargebee("customer_created") | {"id": 7}, "id"),
    ],
)
def test_another_shape_than_the_documented_one_is_reported(
    adapter: Adapter, webhook: dict[str, Any], missing: str
) -> None:
    with pytest.raises(Malformed, match=missing):
        adapter.translate(webhook)

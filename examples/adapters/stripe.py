"""Stripe's webhooks: the signature, and which event becomes which command."""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from .translation import Command, NotForUs, Occurrence, Terms, command, epoch, first_password, part, required, text

SOURCE = "stripe"
#: How old a signature may be, as Stripe's own libraries have it: who caught a webhook cannot send it much later.
TOLERANCE_SECONDS = 300

#: Events about a subscription, which names its customer; a customer is taken to have one subscription at a time.
_ABOUT_SUBSCRIPTIONS: Mapping[str, str] = {
    "customer.subscription.created": "EnableCustomer",
    "customer.subscription.resumed": "EnableCustomer",
    "customer.subscription.paused": "DisableCustomer",
    "customer.subscription.deleted": "DisableCustomer",
}
_UPDATED = "customer.subscription.updated"
_PAID_FOR = {"active", "trialing"}
_ENDED = {"canceled", "unpaid", "paused"}
_STAMP = re.compile(r"[0-9]{1,12}")


class Stripe:
    """Signed with the endpoint's secret (`whsec_...`); `now` is epoch seconds."""

    def __init__(self, signing_secret: str, terms: Terms, now: Callable[[], float] = time.time) -> None:
        self._secret = signing_secret.encode()
        self._terms = terms
        self._now = now

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Check `Stripe-Signature: t=<epoch seconds>,v1=<hex>,...`: one v1 must be the HMAC-SHA256 of `t.body`.

        There are several while the secret is being changed. The body is signed as it came: parsed and written anew it
        would be another.
        """
        parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")]
        stamps = [value for name, _, value in parts if name == "t"]
        if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]):
            return False
        if abs(self._now() - int(stamps[0])) > TOLERANCE_SECONDS:
            return False
        expected = hmac.new(self._secret, stamps[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode()
        given = [value.encode() for name, _, value in parts if name == "v1"]
        return any(hmac.compare_digest(expected, each) for each in given)

    def translate(self, webhook: Mapping[str, Any]) -> Command | NotForUs:
        """Make the command of a verified event. Raises Malformed."""
        kind = required(webhook, "type")
        happened = part(webhook, "data", "object")
        if kind in _ABOUT_SUBSCRIPTIONS or kind == _UPDATED:
            return _about_subscription(kind, webhook, happened)
        if kind not in {"customer.created", "customer.deleted"}:
            return NotForUs(f"{kind} asks for nothing here")
        occurrence = _occurrence(webhook, required(happened, "id"))
        if kind == "customer.deleted":
            return command(occurrence, "DeleteCustomer", {"username": occurrence.customer})
        return command(occurrence, "CreateCustomer", self._new_customer(occurrence, happened))

    def _new_customer(self, occurrence: Occurrence, customer: object) -> dict[str, str]:
        first_name, _, last_name = text(customer, "name").partition(" ")
        lines = (text(customer, "address", line) for line in ("line1", "line2"))
        return {
            # The customer's id, not its email address: that one changes, and later events name the id alone.
            "username": occurrence.customer,
            "password": first_password(self._terms.password_secret, occurrence),
            "email": text(customer, "email"),
            "first_name": first_name,
            "last_name": last_name,
            "address": ", ".join(filter(None, lines)),
            "city": text(customer, "address", "city"),
            "state": text(customer, "address", "state"),
            "zip": text(customer, "address", "postal_code"),
            "country": text(customer, "address", "country"),
            "phone": text(customer, "phone"),
            "company": text(customer, "metadata", "company") or text(customer, "name"),
            "website": text(customer, "metadata", "website") or self._terms.website,
            "package": text(customer, "metadata", "package") or self._terms.package,
            "whitelabel": text(customer, "metadata", "whitelabel") or self._terms.whitelabel,
        }


def _about_subscription(kind: str, webhook: Mapping[str, Any], subscription: object) -> Command | NotForUs:
    now = text(subscription, "status")
    wanted = _by_change(webhook, now) if kind == _UPDATED else _ABOUT_SUBSCRIPTIONS[kind]
    if wanted is None:
        return NotForUs(f"{kind} that asks for nothing here")
    if wanted == "EnableCustomer" and now not in _PAID_FOR:
        return NotForUs(f"{kind} of a subscription that is not paid for")
    occurrence = _occurrence(webhook, required(subscription, "customer"))
    return command(occurrence, wanted, {"username": occurrence.customer})


def _by_change(webhook: Mapping[str, Any], now: str) -> str | None:
    """The command that a new status asks for; None for any other update, which names no former status."""
    before = text(webhook, "data", "previous_attributes", "status")
    if before and now in _PAID_FOR and before not in _PAID_FOR:
        return "EnableCustomer"
    if before and now in _ENDED and before not in _ENDED:
        return "DisableCustomer"
    return None


def _occurrence(webhook: Mapping[str, Any], customer: str) -> Occurrence:
    return Occurrence(SOURCE, required(webhook, "id"), epoch(webhook, "created"), customer)

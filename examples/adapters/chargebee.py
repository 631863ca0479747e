"""Chargebee's webhooks: the login it sends along, and which event becomes which command."""

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from .translation import Command, NotForUs, Occurrence, Terms, command, epoch, first_password, part, required, text

SOURCE = "chargebee"

#: A customer made together with its first subscription has a customer_created too.
_COMMANDS: Mapping[str, str] = {
    "customer_created": "CreateCustomer",
    "customer_deleted": "DeleteCustomer",
    "subscription_cancelled": "DisableCustomer",
    "subscription_paused": "DisableCustomer",
    "subscription_reactivated": "EnableCustomer",
    "subscription_resumed": "EnableCustomer",
}


class Chargebee:
    """Webhooks are not signed: the address is protected by basic authentication, so it must be HTTPS."""

    def __init__(self, user: str, password: str, terms: Terms) -> None:
        self._login = b"Basic " + base64.b64encode(f"{user}:{password}".encode())
        self._terms = terms

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Check `Authorization: Basic ...`, whatever the body is."""
        del body
        scheme, _, login = headers.get("authorization", "").partition(" ")
        given = f"{scheme.capitalize()} {login.strip()}".encode()
        return hmac.compare_digest(self._login, given)

    def translate(self, webhook: Mapping[str, Any]) -> Command | NotForUs:
        """Make the command of an event. Raises Malformed."""
        kind = required(webhook, "event_type")
        wanted = _COMMANDS.get(kind)
        if wanted is None:
            return NotForUs(f"{kind} asks for nothing here")
        # An event about a subscription brings its customer along.
        customer = required(webhook, "content", "customer", "id")
        occurrence = Occurrence(SOURCE, required(webhook, "id"), epoch(webhook, "occurred_at"), customer)
        if wanted == "CreateCustomer":
            return command(occurrence, wanted, self._new_customer(occurrence, part(webhook, "content", "customer")))
        return command(occurrence, wanted, {"username": _username(customer)})

    def _new_customer(self, occurrence: Occurrence, customer: object) -> dict[str, str]:
        def field(name: str) -> str:
            return text(customer, name) or text(customer, "billing_address", name)

        lines = (text(customer, "billing_address", line) for line in ("line1", "line2", "line3"))
        address = {name: text(customer, "billing_address", name) for name in ("city", "zip", "country")}
        return {
            "username": _username(occurrence.customer),
            "password": first_password(self._terms.password_secret, occurrence),
            "email": field("email"),
            "first_name": field("first_name"),
            "last_name": field("last_name"),
            "address": ", ".join(filter(None, lines)),
            **address,
            "state": text(customer, "billing_address", "state") or text(customer, "billing_address", "state_code"),
            "phone": field("phone"),
            "company": field("company") or f"{field('first_name')} {field('last_name')}".strip(),
            "website": text(customer, "meta_data", "website") or self._terms.website,
            "package": text(customer, "meta_data", "package") or self._terms.package,
            "whitelabel": text(customer, "meta_data", "whitelabel") or self._terms.whitelabel,
        }


def _username(customer: str) -> str:
    """The id, which may be digits alone here, and a username at the provider may not."""
    return f"cb-{customer}"

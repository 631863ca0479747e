"""Webhooks of the documented shapes, and what a vendor adds when it sends them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "examples/adapters/samples"
SIGNING_SECRET = "whsec_example"
LOGIN = ("billing", "pass:word")


def sample(name: str) -> dict[str, Any]:
    """Read one of the samples."""
    webhook: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return webhook


def stripe_customer(kind: str = "customer.created", **changes: object) -> dict[str, Any]:
    """Make an event about a customer at Stripe; `changes` are fields of the customer."""
    webhook = sample("stripe-customer-created") | {"type": kind}
    webhook["data"]["object"] |= changes
    return webhook


def stripe_subscription(kind: str, status: str) -> dict[str, Any]:
    """Make an event about a subscription at Stripe."""
    webhook = sample("stripe-subscription-deleted") | {"type": kind}
    webhook["data"]["object"]["status"] = status
    return webhook


def stripe_change(before: str | None, after: str) -> dict[str, Any]:
    """Make an event about a subscription at Stripe that changed; `before` is None when its status did not."""
    webhook = stripe_subscription("customer.subscription.updated", after)
    changed: dict[str, object] = {"metadata": {}} if before is None else {"status": before}
    webhook["data"]["previous_attributes"] = changed
    return webhook


def chargebee(kind: str, **changes: object) -> dict[str, Any]:
    """Make an event at Chargebee; `changes` are fields of the customer."""
    name = "chargebee-customer-created" if kind.startswith("customer") else "chargebee-subscription-cancelled"
    webhook = sample(name) | {"event_type": kind}
    webhook["content"]["customer"] |= changes
    return webhook


def signature(body: bytes, at: int, secret: str = SIGNING_SECRET) -> str:
    """Sign a body as Stripe documents it; `at` is epoch seconds."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def stripe_headers(body: bytes, at: int) -> Mapping[str, str]:
    """The headers Stripe sends along."""
    return {"stripe-signature": f"t={at},v1={signature(body, at)}"}

"""The commands of the benchmark: a billing system that signs customers up, disables some and rotates credentials.

Twenty customers are signed up, then all of them are disabled, then all get a new credential; then the next twenty. So a
customer's commands lie closer together than 32 places: lanes have to hold some of them back.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SOURCE = "billing"
_CUSTOMERS_TOGETHER = 20


@dataclass(frozen=True, slots=True)
class BenchOrder:
    """One command, ready to be published."""

    id: str
    type: str
    body: bytes


def orders(count: int, first: int = 0) -> Iterator[BenchOrder]:
    """Yield so many commands from that number on; the same ones each time but for their `time`."""
    for number in range(first, first + count):
        group, place = divmod(number, 3 * _CUSTOMERS_TOGETHER)
        turn, customer = divmod(place, _CUSTOMERS_TOGETHER)
        yield _order(f"evt-{number:06}", turn, group * _CUSTOMERS_TOGETHER + customer)


def spread_orders(count: int, customers: int) -> Iterator[BenchOrder]:
    """Yield so many commands of the kind that is quickest checked, in turn for each of so many customers."""
    for number in range(count):
        yield _order(f"evt-{number:06}", 2, number % customers)


def _order(identity: str, turn: int, customer: int) -> BenchOrder:
    kind, data = (_signup, _disabling, _rotation)[turn](f"customer{customer:06}@example.com")
    command = {
        "specversion": "1.0",
        "type": kind,
        "source": SOURCE,
        "id": identity,
        "subject": f"cus_{customer:06}",
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return BenchOrder(identity, kind, json.dumps(command).encode())


def _signup(username: str) -> tuple[str, dict[str, Any]]:
    return "CreateCustomer", {
        "username": username,
        "password": f"correct-horse-{username}",
        "email": username,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "address": "12 St James's Square",
        "city": "London",
        "state": "Greater London",
        "zip": "SW1Y 4JH",
        "country": "United Kingdom",
        "phone": "+44 20 7946 0001",
        "website": "www.example.com",
        "company": "Analytical Engines Ltd",
        "package": "Silver 100k",
        "whitelabel": "mail.example.com",
    }


def _disabling(username: str) -> tuple[str, dict[str, Any]]:
    return "DisableCustomer", {"username": username}


def _rotation(username: str) -> tuple[str, dict[str, Any]]:
    return "RotateCredential", {
        "username": username,
        "credential_name": f"smtp-{username}",
        "new_credential_password": f"battery-staple-{username}",
    }

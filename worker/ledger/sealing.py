"""Makes bytes of a delivery that nobody can read without a secret key, and the delivery again."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, replace

from worker.domain.dead_letters import plain
from worker.domain.deliveries import Delivery, Properties, Receipt
from worker.ledger.keys import Cipher


def seal(cipher: Cipher, delivery: Delivery) -> bytes:
    """Encrypt all that its sender gave it, and how it came.

    A header that JSON cannot hold is kept as the text that a dead letter would show of it.
    """
    content = {
        "body": b64encode(delivery.body).decode("ascii"),
        "properties": asdict(replace(delivery.properties, headers=_kept(delivery.properties.headers))),
        "redelivered": delivery.redelivered,
        "exchange": delivery.exchange,
        "routing_key": delivery.routing_key,
    }
    return cipher.encrypt(json.dumps(content).encode("ascii"))


def unseal(cipher: Cipher, sealed: bytes, receipt: Receipt, arrived_at: float) -> Delivery:
    """Read it again; `arrived_at` is monotonic seconds. Raises LedgerError when the key is not there any more."""
    content = json.loads(cipher.decrypt(sealed))
    return Delivery(
        body=b64decode(content["body"]),
        properties=Properties(**content["properties"]),
        redelivered=content["redelivered"],
        receipt=receipt,
        exchange=content["exchange"],
        routing_key=content["routing_key"],
        arrived_at=arrived_at,
    )


def _kept(headers: Mapping[str, object]) -> dict[str, object]:
    return {name: value if _survives(value) else plain(value) for name, value in headers.items()}


def _survives(value: object) -> bool:
    """Whether JSON gives back the same value."""
    if isinstance(value, list):
        return all(map(_survives, value))
    if isinstance(value, dict):
        return all(isinstance(name, str) and _survives(each) for name, each in value.items())
    return value is None or isinstance(value, str | int | float)

"""What is parked, in a database: the adapter behind the port `ParkingStore`."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Protocol

from worker.domain.dead_letters import plain
from worker.domain.deliveries import Delivery, Properties, Receipt
from worker.domain.identity import CommandKey
from worker.domain.ports import Clock
from worker.domain.work import Parked, Requested, Work
from worker.errors import LedgerError, Unsealable
from worker.ledger.config import LedgerOperation
from worker.ledger.keys import Cipher
from worker.ledger.operations.parking import (
    Sealed,
    adopt_many,
    clear_many,
    find_many,
    list_mine,
    park_many,
    release_many,
)
from worker.ledger.operations.rows import StoredRow
from worker.ledger.operations.transaction import Asked, Bulk, Given
from worker.ledger.write.writer import TicketKey, wait_for


class Submit(Protocol):
    """How an operation reaches the ledger's writer."""

    def __call__(
        self, operation: LedgerOperation, bulk: Bulk[Asked, Given], item: Asked, key: TicketKey, /
    ) -> "Future[Given]":
        """Have it done in one of the next commits."""


class SqlParkingStore:
    """Keeps commands in SQLite or PostgreSQL. Promises and errors are those of the port `ParkingStore`.

    Bodies are encrypted and read on the caller's thread. When a database hangs or breaks off in the middle of a commit,
    LedgerUnavailable leaves open whether it was written: `mine` shows it.
    """

    def __init__(self, submit: Submit, deadline_seconds: float, cipher: Cipher, clock: Clock) -> None:
        self._submit = submit
        self._deadline_seconds = deadline_seconds
        self._cipher = cipher
        self._clock = clock

    def park(self, works: Sequence[Work]) -> Sequence[Parked]:
        """Put commands behind all that are parked, in this order, in one commit; the bodies are encrypted."""
        sealed = [Sealed(_key(work), work.lanes, work.login, seal(self._cipher, work.delivery)) for work in works]
        return self._ask(park_many, sealed) if sealed else []

    def adopt(self) -> Sequence[Parked]:
        """Take over the parked commands of processes that ended, in the order of their positions."""
        adopted: list[Parked] = []
        while portion := self._ask(adopt_many, None):
            adopted += portion
        return adopted

    def mine(self) -> Sequence[Parked]:
        """All that belong to this process, in the order of the positions."""
        return self._ask(list_mine, None)

    def fetch(self, position: int) -> Delivery | None:
        """Read one as it was delivered; None when it was cleared. Raises Unsealable when its key is not set.

        It comes anew: its time of arrival is now. What was taken over counts as redelivered, because whose it was
        before may have begun it without this ledger knowing, as after a backup was put back.
        """
        row = self._ask(find_many, position)
        if row is None:
            return None
        try:
            delivery = unseal(self._cipher, row.sealed, Receipt.of_parked(position), self._clock.monotonic())
        except LedgerError as exc:
            raise Unsealable(_unreadable(row)) from exc
        return replace(delivery, redelivered=delivery.redelivered or row.adopted)

    def clear(self, positions: Sequence[int]) -> None:
        """Forget these; a position that is not there is no error."""
        if positions:
            self._ask(clear_many, positions)

    def clear_soon(self, position: int) -> "Future[None]":
        """Forget this one in one of the next commits; the future gets a LedgerError when that was not possible."""
        return self._submit(LedgerOperation.PARK, clear_many, (position,), None)

    def release(self, positions: Sequence[int]) -> None:
        """Release these: the next `adopt` takes them; a position that is missing or another's is no error."""
        if positions:
            self._ask(release_many, positions)

    def _ask(self, bulk: Bulk[Asked, Given], item: Asked) -> Given:
        return wait_for(self._submit(LedgerOperation.PARK, bulk, item, None), self._deadline_seconds)


def _key(work: Work) -> CommandKey | None:
    if isinstance(work.content, Requested):
        return work.content.request.key
    name = work.content.name
    return None if name is None else CommandKey(name.source, name.id)


def _unreadable(row: StoredRow) -> str:
    named = f"command {row.command_id} of {row.command_source}" if row.command_id else "a message"
    since = datetime.fromtimestamp(row.parked_at, UTC).isoformat(timespec="seconds")
    return (
        f"What is parked at position {row.position}, {named}, was encrypted at {since} with a key that is not among "
        "PROVISIONING_SECRETS__KEYS: put the key of that time back, behind the new ones, and start the worker again. "
        "Until then it waits, and its customer's later commands behind it."
    )


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

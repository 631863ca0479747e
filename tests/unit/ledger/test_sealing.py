"""A delivery, sealed and read again."""

from dataclasses import replace

import pytest

from tests.support.ledger_samples import CIPHER
from tests.support.work_samples import PASSWORD, create, delivery
from worker.domain.dead_letters import plain
from worker.domain.deliveries import Properties, Receipt
from worker.errors import LedgerError
from worker.ledger.keys import Cipher
from worker.ledger.parking_store import seal, unseal

RECEIPT = Receipt.of_parked(7)


def test_a_sealed_delivery_shows_nothing_and_comes_back_whole() -> None:
    came = delivery(create(), redelivered=True, tag=3)

    sealed = seal(CIPHER, came)

    assert PASSWORD.encode() not in sealed
    assert b"CreateCustomer" not in sealed
    assert unseal(CIPHER, sealed, RECEIPT, 5.0) == replace(came, receipt=RECEIPT, arrived_at=5.0)


@pytest.mark.parametrize("value", [b"\xff", (1, 2), {1: "a"}, {"deep": [b"x"]}, [object], 1j])
def test_what_json_cannot_hold_becomes_what_a_dead_letter_shows(value: object) -> None:
    came = replace(delivery(b""), properties=Properties(headers={"odd": value, "even": [1]}))

    headers = unseal(CIPHER, seal(CIPHER, came), RECEIPT, 0.0).properties.headers

    assert headers == {"odd": plain(value), "even": [1]}


def test_another_key_opens_nothing() -> None:
    sealed = seal(CIPHER, delivery(b"body"))

    with pytest.raises(LedgerError, match="put the old key back"):
        unseal(Cipher([f"{'another':A<43}="]), sealed, RECEIPT, 0.0)


def test_a_sealed_delivery_that_was_changed_is_refused() -> None:
    sealed = bytearray(seal(CIPHER, delivery(b"body")))
    sealed[40] ^= 1

    with pytest.raises(LedgerError):
        unseal(CIPHER, bytes(sealed), RECEIPT, 0.0)

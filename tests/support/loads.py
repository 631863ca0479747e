"""Many commands of many customers, in the order in which a billing system would send them."""

from tests.support.commands import Command, rotate
from tests.support.seeds import credential_of, old_customer


def rotations(customers: int, rounds: int) -> list[Command]:
    """Each customer's credential gets one new password after the other; the customers take turns."""
    return [
        rotate(old_customer(number), credential_of(number), f"password {turn}", subject=f"cus_{number}")
        for turn in range(rounds)
        for number in range(customers)
    ]

"""New customers whose creation the provider applies late, whatever became of who asked for it."""

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from tests.support.commands import Command, change_email, create, disable
from tests.support.house import House
from tests.support.waiting import wait_for

NEWCOMERS = tuple(f"new-{number}@example.com" for number in range(4))


def lives() -> list[Command]:
    """Each of them is made, changed and disabled; they take turns."""
    made = [create(username, subject=username) for username in NEWCOMERS]
    moved = [change_email(username, f"moved.{username}", subject=username) for username in NEWCOMERS]
    return [*made, *moved, *(disable(username, subject=username) for username in NEWCOMERS)]


def hang_creations(house: House, seconds: float) -> None:
    """From now on the provider takes so long to make each of them, the first time that it is asked."""
    rule = FaultRule(fault=Fault.SLOW, delay_seconds=seconds, operation=Operation.ADD, times=len(NEWCOMERS))
    house.sandbox.inject(rule)


def await_hanging(house: House) -> None:
    """Wait until it has been asked for all of them."""

    def hanging() -> bool:
        # A rule that can befall nobody any more is not listed.
        rules = house.sandbox.faults()
        return not rules or sum(rule.befallen for rule in rules) == len(NEWCOMERS)

    wait_for(hanging, f"{len(NEWCOMERS)} calls that hang")

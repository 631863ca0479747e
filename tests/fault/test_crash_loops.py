"""A command that ends the process: it becomes a dead letter, and nothing beside it is charged, lost or overtaken."""

import random
import sys
from collections.abc import Sequence
from itertools import count

import pytest

from tests.support import poisoned_worker
from tests.support.commands import Command, Message, bare, rotate
from tests.support.installation import Installation
from tests.support.loads import rotations
from tests.support.poisoned_worker import OUT_OF_MEMORY, POISON
from tests.support.seeds import credential_of, old_customer
from tests.support.waiting import wait_for

CUSTOMERS, ROUNDS = 20, 15
#: The first crash comes under load and proves nothing; three alone do; the next start lives.
STARTS = 5
ENDS = {"reading": -11, "handling": OUT_OF_MEMORY}


class Poison(Command):
    """It says in its properties who it is, because nobody lives who has read it."""

    def message(self) -> Message:
        """Put it on the wire."""
        return bare(self)


def poison(number: int) -> Command:
    """A command of this customer that ends whoever is at it."""
    like = rotate(old_customer(number), credential_of(number), f"{POISON} pill")
    return Poison(like.type, like.data, subject=f"cus_{number}")


def among(innocents: Sequence[Command], *poisons: Command) -> list[Command]:
    """Put the poison in the middle."""
    half = len(innocents) // 2
    return [*innocents[:half], *poisons, *innocents[half:]]


def start_until_it_lives(
    installation: Installation, place: str, commands: Sequence[Command], dead_letters: int = 0
) -> int:
    """Start the poisoned worker again each time it ends, until all is answered; returns the number of starts."""
    wanted = {command.id for command in commands}
    argv = (sys.executable, poisoned_worker.__file__, place)

    def all_answered() -> bool:
        installation.listener.listen()
        answered = {received.data["command_id"] for received in installation.listener.events}
        return wanted <= answered and len(installation.listener.dead_letters) >= dead_letters

    for starts in count(1):
        log = installation.folder / f"{place}-{starts}.log"
        with installation.start(installation.settings, log, argv) as worker:
            wait_for(lambda: not worker.running or all_answered(), "the end of the worker, or of its work")
            if worker.running:
                assert worker.terminate() == 0
                return starts
            assert worker.await_exit() == ENDS[place], worker.log
        assert starts < 3 * STARTS, "it never lives"
    raise AssertionError


def judge(installation: Installation, commands: Sequence[Command]) -> None:
    """Check that the poison alone is a dead letter, for the right reason, and that all else is as it must be."""
    installation.listener.listen()
    reasons = {received.data["command_id"]: received.data.get("reason") for received in installation.listener.events}
    poisoned = {command.id for command in commands if isinstance(command, Poison)}
    assert {one: reason for one, reason in reasons.items() if reason} == dict.fromkeys(poisoned, "crash_loop")
    installation.verdict(commands, failing=poisoned)


@pytest.mark.parametrize("place", ENDS)
@pytest.mark.parametrize("number", [CUSTOMERS - 1, 0], ids=["of_its_own_customer", "of_a_customer_with_others"])
def test_poison_beside_three_hundred_innocents_is_the_only_dead_letter(
    installation: Installation, place: str, number: int
) -> None:
    commands = among(rotations(CUSTOMERS - 1, ROUNDS), poison(number))
    installation.emitter.publish(*commands)

    assert start_until_it_lives(installation, place, commands) == STARTS

    judge(installation, commands)


def test_two_that_end_the_process_are_both_found(installation: Installation) -> None:
    commands = among(rotations(CUSTOMERS, 3), poison(0), poison(1))
    installation.emitter.publish(*commands)

    starts = start_until_it_lives(installation, "handling", commands)

    # Begun together they share the first crash; at the worst each has one of its own.
    assert STARTS + 3 <= starts <= 2 * STARTS - 1
    judge(installation, commands)


def test_poison_that_nobody_can_name_is_a_dead_letter_alone(installation: Installation) -> None:
    innocents = rotations(CUSTOMERS, 1)
    nameless = Message(f'{{"{POISON}": true}}'.encode())
    installation.emitter.publish(*innocents, nameless)

    start_until_it_lives(installation, "reading", innocents, dead_letters=1)

    dead_letter = installation.listener.await_dead_letter(nameless)
    assert (dead_letter.routing_key, dead_letter.worker_headers["reason"]) == ("crash_loop", "crash_loop")
    assert len(installation.listener.dead_letters) == 1


def test_a_worker_that_is_killed_by_others_charges_nobody(installation: Installation) -> None:
    commands = rotations(CUSTOMERS, ROUNDS)
    # So slow that it is killed long before the end, on a loaded machine too.
    installation.sandbox.set_latency(0.4)
    installation.emitter.publish(*commands)
    dice = random.Random(4711)  # noqa: S311 - for moments, not for secrets
    for received in sorted(dice.sample(range(1, 100), 3)):
        with installation.worker() as worker:
            installation.listener.await_count(received)
            worker.kill()
    installation.sandbox.set_latency(0.05)
    with installation.worker() as last:
        installation.listener.await_events(commands, 60.0)
        assert last.terminate() == 0
    judge(installation, commands)

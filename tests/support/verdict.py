"""The check that every fault test ends with: nothing lost, no effect twice, order kept, repeats identical.

It compares the accounts of one run: what was published (confirmed by the broker), how it was answered (events and
dead letters), what happened (the provider's journal), and what is left (the provider's state at the end).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from sandbox.provider.accounts.snapshot import AccountsSnapshot
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.registry import Effect
from tests.support.billing import ReceivedMessage
from tests.support.commands import Command
from tests.support.effects import Change, Digest, Play, Step, change_in

_MAX_ROWS = 30


@dataclass(frozen=True, slots=True)
class Accounts:
    """What one run left behind. `failing` are the ids of the commands that must end as dead letters."""

    commands: Sequence[Command]
    events: Sequence[ReceivedMessage]
    dead_letters: Sequence[ReceivedMessage]
    journal: Sequence[JournalEntry]
    state: AccountsSnapshot
    failing: AbstractSet[str]
    digest: Digest


class Promise(StrEnum):
    """What is promised. `ENDING`: a command ends as it must, and the provider is left as the commands say."""

    KEPT = "lost"
    ONCE = "second effects"
    ORDER = "order breaks"
    REPEAT = "repeats that differ"
    ENDING = "wrong endings"


@dataclass(frozen=True, slots=True)
class Fault:
    """One promise that was broken."""

    command: str
    customer: str
    what: str
    promise: Promise = Promise.ENDING


@dataclass(frozen=True, slots=True)
class Totals:
    """What was checked, for people."""

    commands: int
    events: int
    dead_letters: int
    calls: int
    repeats: int


def settle_accounts(accounts: Accounts) -> Totals:
    """Return the totals when every promise was kept; otherwise fail with a table of those that were not."""
    faults = broken_promises(accounts)
    assert not faults, table_of(faults)
    repeats = len(accounts.events) - len({received.properties.message_id for received in accounts.events})
    return Totals(
        len(accounts.commands), len(accounts.events), len(accounts.dead_letters), len(accounts.journal), repeats
    )


def broken_promises(accounts: Accounts) -> list[Fault]:
    """Name every promise that was broken, so that they can be counted."""
    return [*_answer_faults(accounts), *_happened(accounts)]


def _answer_faults(accounts: Accounts) -> Iterator[Fault]:
    events = _by_command(accounts.events, lambda received: str(received.data["command_id"]))
    dead_letters = _by_command(
        accounts.dead_letters, lambda received: str(received.headers.get("provisioning-command-id"))
    )
    for command in accounts.commands:
        received = events.pop(command.id, [])
        yield from _event_faults(command, received, failing=command.id in accounts.failing)
        yield from _dead_letter_faults(
            command, dead_letters.pop(command.id, []), failing=command.id in accounts.failing
        )
    for identity in (*events, *dead_letters):
        yield Fault(identity, "-", "told, but never published")


def _by_command(
    received: Sequence[ReceivedMessage], id_of: Callable[[ReceivedMessage], str]
) -> dict[str, list[ReceivedMessage]]:
    found: dict[str, list[ReceivedMessage]] = defaultdict(list)
    for one in received:
        found[id_of(one)].append(one)
    return dict(found)


def _event_faults(command: Command, received: Sequence[ReceivedMessage], *, failing: bool) -> Iterator[Fault]:
    if not received:
        yield Fault(command.id, command.customer, "LOST: no event tells of it", Promise.KEPT)
        return
    ids = {one.properties.message_id for one in received}
    if len(ids) != 1:
        yield Fault(command.id, command.customer, f"has {len(ids)} events of different ids", Promise.REPEAT)
    if len({one.body for one in received}) != len(ids):
        yield Fault(command.id, command.customer, "a repeat of its event has other bytes", Promise.REPEAT)
    failed = received[0].properties.type == "CommandFailed"
    if failed != failing:
        yield Fault(command.id, command.customer, f"ended as {received[0].body.decode()}")


def _dead_letter_faults(command: Command, received: Sequence[ReceivedMessage], *, failing: bool) -> Iterator[Fault]:
    ids = {one.headers["provisioning-dead-letter-id"] for one in received}
    if len(ids) != int(failing):
        yield Fault(command.id, command.customer, f"has {len(ids)} dead letters instead of {int(failing)}")
    if any(one.body != command.message().body for one in received):
        yield Fault(command.id, command.customer, "its dead letter has not its body")


def _happened(accounts: Accounts) -> Iterator[Fault]:
    play = Play(accounts.digest)
    steps = list(play.steps([command for command in accounts.commands if command.id not in accounts.failing]))
    done = [change_in(entry) for entry in accounts.journal if entry.effect is Effect.CHANGED]
    yield from _count_faults(steps, done)
    yield from _order_faults(steps, done)
    yield from (Fault("-", username, f"LEFT WRONG: {what}") for username, what in play.differences(accounts.state))


def _count_faults(steps: Sequence[Step], done: Sequence[Change]) -> Iterator[Fault]:
    wanted: dict[Change, list[Command]] = defaultdict(list)
    for step in steps:
        wanted[step.change].append(step.command)
    counted = Counter(done)
    for change in set(counted) - set(wanted):
        yield Fault("-", change[1], f"INVENTED: nobody asked for {change}", Promise.ONCE)
    for change, commands in wanted.items():
        if (times := counted[change]) != len(commands):
            command = commands[0]
            what = f"{command.type} changed the state {times} times instead of {len(commands)}"
            promise = Promise.ONCE if times > len(commands) else Promise.KEPT
            yield Fault(command.id, command.customer, what, promise)


def _order_faults(steps: Sequence[Step], done: Sequence[Change]) -> Iterator[Fault]:
    """Compare each command with the last one before it that names the same customer, by whichever name."""
    places: dict[Change, list[int]] = defaultdict(list)
    for place, change in reversed(list(enumerate(done))):
        places[change].append(place)
    latest: dict[str, tuple[int, Command]] = {}
    for command, change in ((step.command, step.change) for step in steps if places[step.change]):
        place = places[change].pop()
        overtaken = {latest[lane][1].id for lane in command.lanes if lane in latest and place < latest[lane][0]}
        for identity in sorted(overtaken):
            yield Fault(
                command.id, command.customer, f"OVERTOOK {identity}, which was published before it", Promise.ORDER
            )
        latest |= dict.fromkeys(command.lanes, (place, command))


def table_of(faults: Sequence[Fault]) -> str:
    """Write the first of them, for people."""
    rows = [f"{fault.command:<40} {fault.customer:<28} {fault.what}" for fault in faults[:_MAX_ROWS]]
    title = f"{len(faults)} promises were broken\n{'command':<40} {'customer':<28} what"
    return "\n".join([title, *rows, *(["..."] if len(faults) > _MAX_ROWS else [])])

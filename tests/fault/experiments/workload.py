"""What a billing system publishes in one experiment: whole lives of customers, with commands that go wrong.

A life begins with a create, goes through every command that there is, and may end with a delete. Among the commands are
some that come twice, some that the provider refuses, some that are no valid commands, and bodies that are no messages.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from types import MappingProxyType

from tests.support import commands as build
from tests.support.commands import Command, Message

#: Commands of one life, the first and the last included; enough for each type to come at least once.
LIFE = 20
_SWITCHES: Mapping[str, Callable[[str], Command]] = MappingProxyType(
    {
        "enable": build.enable,
        "disable": build.disable,
        "enable_website": build.enable_website,
        "disable_website": build.disable_website,
    }
)
_KINDS = (
    *_SWITCHES,
    "profile",
    "password",
    "rename",
    "email",
    "add",
    "rotate",
    "remove",
    "user_profile",
    "list",
)
#: A share of the sound commands, in the third of the pieces that come during the fault (`running.parts_of`): those
#: before it may be done by the time it strikes.
_AMID_THE_FAULT = 0.57
_TWICE, _REFUSED, _INVALID, _POISON = 0.04, 0.02, 0.02, 0.02


@dataclass(frozen=True, slots=True)
class Workload:
    """`messages` in the order in which they are published; `commands` without repeats and poison; who must fail."""

    messages: Sequence[Command | Message]
    commands: Sequence[Command]
    failing: frozenset[str]
    poison: frozenset[bytes]

    def parts(self, *shares: float) -> Iterator[Sequence[Command | Message]]:
        """Cut the messages into pieces of these shares, and a last one of what is left."""
        begin = 0
        for share in shares:
            end = begin + int(share * len(self.messages))
            yield self.messages[begin:end]
            begin = end
        yield self.messages[begin:]


@dataclass(slots=True)
class Customer:
    """One customer as the emitter knows it while it writes the life down."""

    number: int
    rng: random.Random
    username: str = ""
    subject: str | None = None
    credentials: list[str] = field(default_factory=list)
    turn: int = 0

    def life(self, length: int) -> list[Command]:
        """Write the whole life, every type of command in it."""
        self.username = f"c{self.number}@example.com"
        # Whoever gives no subject is known by the names alone, also by the new one.
        self.subject = f"cus_{self.number}" if self.rng.random() < 0.5 else None
        middle = self.rng.sample(_KINDS, len(_KINDS))
        middle += self.rng.choices(_KINDS, k=max(0, length - len(middle) - 2))
        lived = [self._named(build.create(self.username)), *(self._next(kind) for kind in middle)]
        closing = self.rng.random() < 0.5
        return [*lived, self._named(build.delete(self.username)) if closing else self._next("profile")]

    def _next(self, kind: str) -> Command:
        self.turn += 1
        return self._named(self._command(kind, f"{self.number}-{self.turn}"))

    def _command(self, kind: str, mark: str) -> Command:
        match kind:
            case "profile":
                return build.update_profile(self.username, {"city": f"City {mark}", "first_name": f"Ada {mark}"})
            case "user_profile":
                return build.update_user_profile(self.username, {"address2": f"Floor {mark}"})
            case "list":
                return build.retrieve({"username": self.username, "limit": 2})
            case "add" | "rotate" | "remove":
                return self._credential(kind, mark)
            case "password" | "email" | "rename":
                return self._login(kind, mark)
            case _:
                return _SWITCHES[kind](self.username)

    def _login(self, kind: str, mark: str) -> Command:
        if kind == "password":
            return build.change_password(self.username, f"password {mark}")
        if kind == "email":
            return build.change_email(self.username, f"mail-{mark}@example.com")
        return self._rename(mark)

    def _rename(self, mark: str) -> Command:
        before, self.username = self.username, f"c{mark}@example.com"
        return build.rename(before, self.username)

    def _credential(self, kind: str, mark: str) -> Command:
        if kind == "add" or not self.credentials:
            self.credentials.append(f"mailer-{mark}")
            return build.add_credential(self.username, self.credentials[-1], f"secret {mark}")
        if kind == "rotate":
            return build.rotate(self.username, self.rng.choice(self.credentials), f"secret {mark}")
        return build.remove_credential(self.username, self.credentials.pop())

    def _named(self, command: Command) -> Command:
        # From the seed too, so that a run which is repeated publishes the same bytes.
        return replace(command, subject=self.subject, id=f"evt_{self.number}_{self.rng.getrandbits(64):016x}")


def write_workload(count: int, rng: random.Random, trouble: float = 1.0, life: int = LIFE) -> Workload:
    """Write a workload of about so many commands; the lives run side by side, each in its own order.

    `trouble`: how many times more than usual of what goes wrong by itself. `life`: the commands of one customer.
    """
    lives = [Customer(number, rng).life(life) for number in range(max(3, count // life))]
    # Not all lives begin together.
    late = [[None] * rng.randrange(life // 2) + lived for lived in lives]
    commands = [command for turn in zip_longest(*late) for command in turn if command is not None]
    return _with_trouble(commands, rng, trouble)


def _with_trouble(sound: Sequence[Command], rng: random.Random, trouble: float) -> Workload:
    messages: list[Command | Message] = []
    commands: list[Command] = []
    failing: set[str] = set()
    poison: set[bytes] = set()
    # One of each at least, amid what is published during the fault: one that strikes at a dead letter, say, would else
    # strike nowhere in a short workload.
    certain = int(len(sound) * _AMID_THE_FAULT)
    for number, command in enumerate(sound):
        messages.append(command)
        commands.append(command)
        if number == certain or rng.random() < trouble * _TWICE:
            messages.append(rng.choice(commands))
        bad = [
            write(number, rng)
            for write, share in ((_refused, _REFUSED), (_invalid, _INVALID))
            if number == certain or rng.random() < trouble * share
        ]
        messages += bad
        commands += bad
        failing.update(command.id for command in bad)
        if number == certain or rng.random() < trouble * _POISON:
            body = b"{ no message " + str(number).encode()
            messages.append(Message(body, {"content_type": "application/json"}))
            poison.add(body)
    return Workload(messages, commands, frozenset(failing), frozenset(poison))


def _refused(number: int, rng: random.Random) -> Command:
    """One that the provider refuses: nobody made its customer."""
    return build.disable(f"nobody-{number}@example.com", id=_bad_id(number, rng))


def _invalid(number: int, rng: random.Random) -> Command:
    """One whose data is not valid."""
    return build.create(f"nobody-{number}@example.com", colour="red", id=_bad_id(number, rng))


def _bad_id(number: int, rng: random.Random) -> str:
    return f"evt_bad_{number}_{rng.getrandbits(64):016x}"

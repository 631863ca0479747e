"""Whose turn it is. Pure: no threads, no locks, no clock.

Most commands run side by side. A suspect runs alone: it waits until nothing runs, and meanwhile nothing else begins.
So does who reads what may have ended the last process.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from worker.domain.deliveries import Delivery
from worker.errors import ProviderLogin
from worker.flow.lanes import Ticket


@dataclass(frozen=True, slots=True)
class ReadUnread:
    """The turn to read what waits unread, all of it."""


@dataclass(slots=True)
class Turns:
    """What waits for its turn, and what has it. `allowed` and `busy` count turns to run, by the login they need.

    `running`: those of lost connections too; however many are lost meanwhile, each keeps its lanes until it has
    finished. `reading`: a delivery is being read as it comes. `catching_up`: what waits unread is being read.
    `exclusive`: nothing may begin, because somebody must be alone. `reserved`: the last one that ran alone has not come
    to its end, and nothing may run before it has run again.
    """

    allowed: dict[ProviderLogin, int]
    ready: dict[ProviderLogin, deque[Ticket]] = field(
        default_factory=lambda: {login: deque() for login in ProviderLogin}
    )
    busy: dict[ProviderLogin, int] = field(default_factory=lambda: dict.fromkeys(ProviderLogin, 0))
    alone: deque[Ticket] = field(default_factory=deque)
    unread: deque[Delivery] = field(default_factory=deque)
    running: set[Ticket] = field(default_factory=set)
    reading: bool = False
    catching_up: bool = False
    exclusive: bool = False
    reserved: bool = False
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def idle(self) -> bool:
        """Whether nobody has a turn."""
        return not (self.running or self.catching_up)

    @property
    def may_read(self) -> bool:
        """Whether a delivery may be read as it comes: nothing before it is unread, and nobody is to be alone."""
        return not (self.unread or self.catching_up or self.exclusive or self.reserved)

    def wait(self, ticket: Ticket) -> None:
        """Let it wait for its turn."""
        ticket.ready_as = next(self._numbers)
        (self.alone if ticket.alone else self.ready[ticket.work.login]).append(ticket)

    def next(self) -> Ticket | ReadUnread | None:
        """Give the next turn, if anybody may have it."""
        if self.exclusive or (self.reserved and not self.alone):
            return None
        # The least suspicious first: however often processes are killed from outside, whoever is alone then is another.
        able = [ticket for ticket in self.alone if self.allowed[ticket.work.login]]
        suspect = min(able, key=lambda ticket: ticket.crashes, default=None)
        # A suspect whose login is paused holds nobody else up, not even one that was to run first of all.
        self.reserved = self.reserved and suspect is not None
        if self.unread and not (self.catching_up or self.reserved):
            self.catching_up = True
            return ReadUnread()
        if suspect is not None:
            return self._isolated(suspect)
        ticket = self._next_ready()
        return None if ticket is None else self._started(ticket)

    def ended(self, ticket: Ticket) -> None:
        """Take the turn back."""
        ticket.running = False
        self.running.remove(ticket)
        self.busy[ticket.work.login] -= 1
        if ticket.alone:
            self.exclusive = False

    @property
    def is_starved(self) -> bool:
        """Whether nothing waits for a turn that could have one: what is held waits for something else."""
        if self.exclusive or self.reserved or self.reading or self.catching_up or self.unread:
            return False
        waiting = [*(login for login, queue in self.ready.items() if queue), *(one.work.login for one in self.alone)]
        return not any(self.allowed[login] for login in waiting)

    def forget(self) -> None:
        """Forget all that has not begun."""
        self.forget_waiting()
        self.unread.clear()
        self.reserved = False

    def forget_waiting(self) -> None:
        """Forget who waits for a turn to run."""
        for queue in self.ready.values():
            queue.clear()
        self.alone.clear()

    def caught_up(self) -> None:
        """Take the turn to read back."""
        self.catching_up = self.exclusive = False

    def _next_ready(self) -> Ticket | None:
        """The one that has been ready for the longest time, of those whose login has room."""
        able = [queue for login, queue in self.ready.items() if queue and self.busy[login] < self.allowed[login]]
        if not able:
            return None
        return min(able, key=lambda queue: queue[0].ready_as).popleft()

    def _isolated(self, suspect: Ticket) -> Ticket | None:
        """Start it if nothing else is under way."""
        if self.running or self.reading or self.catching_up:
            return None
        self.alone.remove(suspect)
        self.exclusive = True
        self.reserved = False
        return self._started(suspect)

    def _started(self, ticket: Ticket) -> Ticket:
        ticket.running = True
        self.running.add(ticket)
        self.busy[ticket.work.login] += 1
        return ticket

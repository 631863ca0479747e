"""One lane per customer key. Pure: no threads, no locks, no clock."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from worker.domain.work import Parked, Work


@dataclass(slots=True, eq=False)
class Ticket:
    """A unit of work with its place in the lanes; the only thing in the flow that changes.

    `waiting`: for a time that was set. `dropped`: its connection is lost, so it never runs (again). `parked_at`: it was
    parked while it ran. `jumped`: it runs before some that come first, now that they are known. `ready_as`: when it was
    ready, counted among all. `crashes`: of processes that were at it and nothing else. `unparkable`: the ledger did not
    take it when it was to be parked.
    """

    work: Work | Parked
    blocked_by: int = 0
    running: bool = False
    waiting: bool = False
    dropped: bool = False
    alone: bool = False
    ready_as: int = 0
    crashes: int = 0
    jumped: bool = False
    parked_at: Parked | None = None
    unparkable: bool = False


@dataclass(slots=True)
class Lanes:
    """Lets a ticket run when it is first in all of its lanes."""

    _queues: dict[str, deque[Ticket]] = field(default_factory=dict)

    def enter(self, ticket: Ticket) -> bool:
        """Queue up behind every earlier ticket that shares a lane; True when nothing is before it."""
        ticket.blocked_by = 0
        for key in ticket.work.lanes:
            queue = self._queues.setdefault(key, deque())
            ticket.blocked_by += bool(queue)
            queue.append(ticket)
        return ticket.blocked_by == 0

    def leave(self, ticket: Ticket) -> list[Ticket]:
        """Take the first ticket of its lanes out; returns those that may run now."""
        freed = []
        for key in ticket.work.lanes:
            queue = self._queues[key]
            # Only a ticket that is first everywhere ever runs, so only such a one leaves.
            queue.popleft()
            if not queue:
                del self._queues[key]
                continue
            queue[0].blocked_by -= 1
            if queue[0].blocked_by == 0:
                freed.append(queue[0])
        return freed

    def has_followers(self, ticket: Ticket) -> bool:
        """Whether somebody waits behind a ticket that is first in its lanes."""
        return any(len(self._queues[key]) > 1 for key in ticket.work.lanes)

    def queue_up_anew(self, tickets: Iterable[Ticket]) -> list[Ticket]:
        """Forget everything but these, and let them enter in this order; returns those with nothing before them."""
        self._queues.clear()
        return [ticket for ticket in tickets if self.enter(ticket)]

"""What this process has in hand: unsettled deliveries and parked commands, and which of them may run. Pure: no locks.

Parked commands stand before everything in their lanes that is not parked. So when some are parked, all that stands
before them in any of their lanes is parked with them: after a crash they are there at once, while what the broker kept
is still on its way. For the same reason nothing is parked that stands behind one which cannot be.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from worker.domain.deliveries import Delivery, Receipt
from worker.domain.work import Alone, Parked, Settled, Verdict, Wait, Work
from worker.errors import ProviderLogin
from worker.flow.alone.turns import Turns
from worker.flow.lanes import Lanes, Ticket

#: Each costs about a kilobyte of memory. With so many, a full window waits as it did before anything was parked.
MOST_PARKED = 50_000
_FULL_SHARE = 0.9
_BUSY_SHARE = 0.25
#: With some threads busy and some idle, a window that has not moved on for so long is stuck all the same.
_LONG_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Stuck:
    """What may be parked: tickets in the order of their arrival, and what each of them was."""

    tickets: tuple[Ticket, ...]
    works: tuple[Work, ...]

    @property
    def is_lost(self) -> bool:
        """Whether the connection that delivered it is lost: all of it comes again."""
        return any(ticket.dropped for ticket in self.tickets)

    def portions(self, most: int, most_bytes: int) -> Iterator["Stuck"]:
        """Cut it into pieces of so many commands, and of so many bytes unless a single one is larger, in its order."""
        begin, size = 0, 0
        for end, work in enumerate(self.works):
            length = len(work.delivery.body)
            if end > begin and (end - begin >= most or size + length > most_bytes):
                yield Stuck(self.tickets[begin:end], self.works[begin:end])
                begin, size = end, 0
            size += length
        yield Stuck(self.tickets[begin:], self.works[begin:])


class Holding:
    """For one thread at a time."""

    def __init__(self, threads: int) -> None:
        self.turns = Turns(dict.fromkeys(ProviderLogin, threads))
        self._threads = threads
        self._lanes = Lanes()
        self._unsettled: dict[Receipt, Ticket] = {}
        self._parked: dict[int, Ticket] = {}

    @property
    def waiting(self) -> int:
        """How many wait: for a retry, behind their customer, or for a free thread."""
        held = [*self._unsettled.values(), *self._parked.values()]
        return sum(not ticket.running for ticket in held) + len(self.turns.unread)

    @property
    def parked(self) -> int:
        """How many are parked."""
        return len(self._parked)

    @property
    def oldest(self) -> Delivery | None:
        """The delivery that has been unsettled for the longest time."""
        works = (ticket.work for ticket in self._unsettled.values())
        first = next((work.delivery for work in works if isinstance(work, Work)), None)
        return first or next(iter(self.turns.unread), None)

    def enter(self, receipt: Receipt, ticket: Ticket) -> bool:
        """Let a delivery queue up in its lanes; True when it may have its turn now."""
        self._unsettled[receipt] = ticket
        is_first = self._lanes.enter(ticket)
        if is_first:
            self.turns.wait(ticket)
        return is_first

    def again(self, ticket: Ticket) -> bool:
        """Its wait is over; True when it may have its turn now."""
        ticket.waiting = False
        # Dropped while it waited: its repetition is already in the lanes, or on its way.
        is_next = not (ticket.dropped or ticket.blocked_by)
        if is_next:
            self.turns.wait(ticket)
        return is_next

    def ended(self, ticket: Ticket, verdict: Verdict) -> int:
        """Take note of what became of a turn; tells how many may run now because of it."""
        self.turns.ended(ticket)
        if ticket.parked_at is not None:
            # Its delivery was acked when it was parked: what is left of it lies in the ledger alone.
            told = isinstance(verdict, Settled)
            ticket.work, ticket.parked_at = replace(ticket.parked_at, told=told), None
            if told:
                ticket.alone = False
                self.turns.wait(ticket)
                return 1
        if isinstance(verdict, Settled) or ticket.dropped:
            return self._leave(ticket)
        return self._stay(ticket, verdict)

    def lose(self) -> None:
        """Forget what was delivered and has not started; what is parked stays."""
        for ticket in self._unsettled.values():
            ticket.dropped = True
        self._unsettled = {}
        self.turns.forget()
        self._let_others_before()

    def stuck(self, window: int, now: float) -> Stuck | None:
        """What to park, because a full window keeps threads from work that the broker may have; None when not.

        Not while the provider is paused: nothing that comes could run either. `now` is monotonic seconds.
        """
        is_full = len(self._unsettled) >= window * _FULL_SHARE
        has_room = len(self._parked) + len(self._unsettled) <= MOST_PARKED
        if not (is_full and has_room and self.turns.allowed[ProviderLogin.V2] and self.turns.is_starved):
            return None
        unsettled = self._unsettled.values()
        tickets = [ticket for ticket in unsettled if not ticket.running or self._lanes.has_followers(ticket)]
        works = [(ticket, ticket.work) for ticket in _parkable(tickets) if isinstance(ticket.work, Work)]
        if not works or not self._is_idle(now - works[0][1].delivery.arrived_at):
            return None
        return Stuck(tuple(ticket for ticket, _ in works), tuple(work for _, work in works))

    def park(self, stuck: Stuck, places: Sequence[Parked]) -> list[int]:
        """They lie in the ledger now, at these places; returns the positions that nobody needs any more."""
        pairs = list(zip(stuck.tickets, stuck.works, places, strict=True))
        spent = {place.position for ticket, work, place in pairs if self._is_settled(ticket, work)}
        lost = []
        for ticket, work, place in pairs:
            if ticket.running:
                self._move(ticket, work, place)
                ticket.parked_at = place
            elif ticket.dropped:
                lost.append(place)
            elif place.position not in spent:
                self._move(ticket, work, place)
                ticket.work = place
        if lost:
            self.adopt(lost)
        return sorted(spent)

    def adopt(self, places: Sequence[Parked]) -> None:
        """Queue these up before everything that is not parked, each at its position; those that are known stay."""
        new = {place.position: Ticket(place) for place in places if place.position not in self._parked}
        self._parked = dict(sorted((self._parked | new).items()))
        self._let_others_before()

    def release(self) -> list[int]:
        """Forget what is parked and does not run, for others to take; returns the positions."""
        released = {position: ticket for position, ticket in self._parked.items() if not ticket.running}
        for position, ticket in released.items():
            ticket.dropped = True
            del self._parked[position]
        if released:
            self._queue_up_anew()
        return list(released)

    def _is_idle(self, waited_seconds: float) -> bool:
        busy = len(self.turns.running)
        few = max(1, self._threads * _BUSY_SHARE)
        return busy <= few or (busy < self._threads and waited_seconds >= _LONG_SECONDS)

    def _move(self, ticket: Ticket, work: Work, place: Parked) -> None:
        self._unsettled.pop(work.delivery.receipt, None)
        self._parked[place.position] = ticket
        ticket.dropped = False

    def _is_settled(self, ticket: Ticket, work: Work) -> bool:
        return not (ticket.running or ticket.dropped) and work.delivery.receipt not in self._unsettled

    def _stay(self, ticket: Ticket, verdict: Wait | Alone) -> int:
        if isinstance(verdict, Alone):
            ticket.alone, ticket.crashes = True, verdict.crashes
        else:
            ticket.alone = self.turns.reserved = ticket.alone and verdict.alone
            ticket.waiting = True
        if ticket.jumped:
            # What it stands before by now is what it must wait for: let it through.
            ticket.jumped = False
            return self._queue_up_anew()
        if ticket.alone and not ticket.waiting:
            self.turns.wait(ticket)
            return 1
        return 0

    def _leave(self, ticket: Ticket) -> int:
        match ticket.work:
            case Parked(position=position):
                del self._parked[position]
            case Work(delivery=delivery) if not ticket.dropped:
                del self._unsettled[delivery.receipt]
        freed = [follower for follower in self._lanes.leave(ticket) if not follower.waiting]
        for follower in freed:
            self.turns.wait(follower)
        return len(freed)

    def _let_others_before(self) -> None:
        """Queue up anew, where some may come before what runs already: that is put in its place when it must wait."""
        for ticket in self.turns.running:
            ticket.jumped = True
        self._queue_up_anew()

    def _queue_up_anew(self) -> int:
        others = [*self._parked.values(), *self._unsettled.values()]
        self.turns.forget_waiting()
        order = [*self.turns.running, *(one for one in others if not one.running)]
        free = [one for one in self._lanes.queue_up_anew(order) if not (one.running or one.waiting)]
        for ticket in free:
            self.turns.wait(ticket)
        # Whoever is to run first of all must not wait behind what nobody may run before.
        self.turns.reserved = self.turns.reserved and not any(one.alone and one.blocked_by for one in others)
        return len(free)


def _parkable(tickets: Iterable[Ticket]) -> Iterator[Ticket]:
    """Those of them that can be parked, and stand behind none in their lanes that cannot."""
    closed: set[str] = set()
    for ticket in tickets:
        if ticket.unparkable or not closed.isdisjoint(ticket.work.lanes):
            closed.update(ticket.work.lanes)
        else:
            yield ticket

"""A day with parking, in memory: a queue, a ledger, and one process after another that holds, parks and runs.

Whatever the order of its steps, a command takes effect only after all that were published before it for one of its
customers; at the end of the day everything has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from messages.errors import Undecodable
from tests.support.work_samples import delivery
from worker.domain.deliveries import Receipt
from worker.domain.work import Parked, Settled, Verdict, Wait, Work
from worker.errors import ProviderLogin
from worker.flow.alone.turns import ReadUnread
from worker.flow.holding import Holding, Stuck
from worker.flow.lanes import Ticket

WINDOW, THREADS = 4, 4


@dataclass(slots=True)
class Day:
    """Commands are numbers, in the order in which they were published; `lanes` are those of each.

    `odd`: the ledger cannot hold these where commands are parked.
    """

    lanes: Sequence[tuple[str, ...]]
    ready: list[int] = field(default_factory=list)
    unacked: dict[Receipt, int] = field(default_factory=dict)
    parked: dict[int, int] = field(default_factory=dict)
    done: list[int] = field(default_factory=list)
    holding: Holding = field(default_factory=lambda: Holding(THREADS))
    running: list[tuple[Ticket, bool]] = field(default_factory=list)
    waiting: list[Ticket] = field(default_factory=list)
    committed: tuple[Stuck, list[Parked]] | None = None
    epoch: int = 1
    numbers: int = 0
    odd: frozenset[int] = frozenset()
    now: float = 0.0

    def __post_init__(self) -> None:
        self.ready = list(range(len(self.lanes)))

    def deliver(self) -> None:
        """The broker hands the next one over, while the window has room."""
        if self.ready and len(self.unacked) < WINDOW:
            self.numbers += 1
            command = self.ready.pop(0)
            came = delivery(str(command).encode(), tag=self.numbers, epoch=self.epoch)
            self.unacked[came.receipt] = command
            self.holding.enter(came.receipt, Ticket(Work(came, Undecodable([]), self.lanes[command])))

    def start(self) -> None:
        """A free thread takes the next turn, and claims the command or is told to wait."""
        if len(self.running) < THREADS and (turn := self.holding.turns.next()):
            assert not isinstance(turn, ReadUnread)
            assert not [one for one, _ in self.running if set(one.work.lanes) & set(turn.work.lanes)]
            self.running.append((turn, self._claims(turn.work)))

    def finish(self, number: int, *, fails: bool) -> None:
        """One that runs comes to its end, or must wait."""
        if self.running:
            ticket, claimed = self.running.pop(number % len(self.running))
            verdict: Verdict = Wait(0.0) if fails or not claimed else Settled()
            if isinstance(verdict, Settled):
                self._settle(ticket.work)
            self.holding.ended(ticket, verdict)
            if ticket.waiting:
                self.waiting.append(ticket)

    def wake(self, number: int) -> None:
        """A wait is over."""
        if self.waiting:
            self.holding.again(self.waiting.pop(number % len(self.waiting)))

    def commit(self) -> None:
        """What is stuck is written into the ledger; nobody else knows it yet."""
        if self.committed is None and (stuck := self.holding.stuck(WINDOW, self.now)):
            pairs = list(zip(stuck.tickets, stuck.works, strict=True))
            met = next((at for at, (one, work) in enumerate(pairs) if self._is_odd(one, work)), len(pairs))
            if met < len(pairs):
                pairs[met][0].unparkable = True
            # One that is known cannot be written either, and whatever else is offered is.
            held = [(one, work) for one, work in pairs[:met] if not one.unparkable]
            if held:
                tickets, works = zip(*held, strict=True)
                self.committed = Stuck(tickets, works), [self._write(work) for work in works]

    def acknowledge(self) -> None:
        """The process takes note of what was written, and acks it."""
        if self.committed is not None:
            stuck, places = self.committed
            for position in self.holding.park(stuck, places):
                self.parked.pop(position)
            for work in stuck.works:
                self.unacked.pop(work.delivery.receipt, None)
            self.committed = None

    def rest(self) -> None:
        """So much time goes by that what is delivered by now counts as old."""
        self.now += 10.0

    def release(self) -> None:
        """The process gives up what does not run, and another one dies that had taken it."""
        self.holding.adopt([self._place(position) for position in self.holding.release() if position in self.parked])

    def lose(self) -> None:
        """The connection breaks: the broker takes everything unacked back, in order."""
        self.holding.lose()
        self._requeue()

    def crash(self) -> None:
        """The process dies, and another one begins with what lies in the ledger."""
        self.holding, self.running, self.waiting, self.committed = Holding(THREADS), [], [], None
        self._requeue()
        self.holding.adopt([self._place(position) for position in self.parked])

    def end(self) -> None:
        """Let everything happen that has to."""
        for _ in range(200):
            self.acknowledge()
            self.deliver()
            self.wake(0)
            self.start()
            self.finish(0, fails=False)
            self.commit()

    def _claims(self, work: Work | Parked) -> bool:
        command = self._command(work)
        position = work.position if isinstance(work, Parked) else None
        return command is None or command in self.done or not self._is_behind_parked(command, position)

    def _settle(self, work: Work | Parked) -> None:
        command = self._command(work)
        if command is not None and command not in self.done:
            earlier = [other for other in range(command) if set(self.lanes[other]) & set(self.lanes[command])]
            assert not [other for other in earlier if other not in self.done], (earlier, command, self.done)
            self.done.append(command)
        if isinstance(work, Parked):
            self.parked.pop(work.position, None)
        else:
            self.unacked.pop(work.delivery.receipt, None)

    def _command(self, work: Work | Parked) -> int | None:
        return self.parked.get(work.position) if isinstance(work, Parked) else int(work.delivery.body)

    def _is_behind_parked(self, command: int, position: int | None) -> bool:
        mine = set(self.lanes[command])
        return any(
            mine & set(self.lanes[other]) for at, other in self.parked.items() if position is None or at < position
        )

    def _is_odd(self, ticket: Ticket, work: Work) -> bool:
        return int(work.delivery.body) in self.odd and not ticket.unparkable

    def _write(self, work: Work) -> Parked:
        self.numbers += 1
        self.parked[self.numbers] = int(work.delivery.body)
        return self._place(self.numbers)

    def _place(self, position: int) -> Parked:
        return Parked(position, self.lanes[self.parked[position]], ProviderLogin.V2)

    def _requeue(self) -> None:
        self.ready = [*self.unacked.values(), *self.ready]
        self.unacked = {}
        self.epoch += 1

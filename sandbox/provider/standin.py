"""The stand-in itself: from a call that has arrived to the answer it gets, through fault, throttle and operation."""

import asyncio
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.provider.accounts.memory import Forgetful, Memory
from sandbox.provider.accounts.state import Accounts
from sandbox.provider.accounts.throttle import Allowance, Throttle
from sandbox.provider.faults import Fault, FaultRule, Faults
from sandbox.provider.journal import Journal, JournalEntry
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.reading import Request, RequestReading, read_call
from sandbox.provider.operations.registry import Effect, Performed, perform
from sandbox.provider.operations.replies import (
    Manner,
    ProviderAnswer,
    compressed,
    limit_headers,
    no_such_call,
    render,
    wrong_login,
)
from sandbox.provider.settings import SandboxConfig
from sandbox.provider.spoiling import DROPPED, spoil


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that has arrived and waits for its effect, with the fault that has befallen it.

    `era` marks calls from before a reset: they must not touch what came after it. `lifted` is set once
    the faults of its time are taken away, or the stand-in stops. `allowance` is what the throttle has left to the
    login, None when nothing is counted.
    """

    number: int
    era: int
    lifted: asyncio.Event
    request: Request
    reading: RequestReading
    rule: FaultRule | None
    allowance: Allowance | None

    @property
    def is_held(self) -> bool:
        """Whether the call waits until all faults are taken away."""
        return self.rule is not None and self.rule.fault is Fault.HELD

    @property
    def is_applied(self) -> bool:
        """Whether the call gets as far as its operation."""
        return self.rule is None or self.rule.is_applied


class StandIn:
    """The provider's state and everything that bends its answers.

    A call goes through `arrive`, a wait of `delay_seconds`, and `answer`. Each runs to its end without waiting and all
    run on one event loop: that is what makes the journal's sequence the true order of effects.
    """

    def __init__(
        self, config: SandboxConfig, clock: Callable[[], float] = time.monotonic, memory: Memory | None = None
    ) -> None:
        self._config = config
        self._clock = clock
        self._era = 0
        self._memory = Forgetful() if memory is None else memory
        self.seal = self._memory.seal
        self._begin(self._memory.recall(config.seed))

    def reset(self) -> None:
        """Back to the start: the configured seed and switches, no faults, an empty journal."""
        self.faults.clear()
        self._begin(self._memory.begin_again(self._config.seed))

    def let_go(self) -> None:
        """Holds no call any more, now and later: the stand-in stops."""
        self.faults.lifted.set()

    def _begin(self, accounts: Accounts) -> None:
        """Everything but the books is new at each start."""
        self._era += 1
        self._arrivals = 0
        self._throttle = Throttle()
        self.in_flight = 0
        self.switches = self._config.switches
        self.latency_seconds = self._config.latency_seconds
        self.accounts = accounts
        self.faults = Faults(self._clock)
        self.journal = Journal(self._config.journal_limit)

    def arrive(self, request: Request) -> Arrival:
        """Reads a call and draws its fault."""
        reading = read_call(request, self.accounts)
        rule, allowance = self.faults.draw(reading.address.operation, reading.username), None
        if rule is None and self.switches.rate_limit:
            allowance = self._count(reading.api_user)
            rule = self._beyond(allowance) if allowance.is_exceeded else None
        self._arrivals += 1
        self.in_flight += 1
        return Arrival(self._arrivals, self._era, self.faults.lifted, request, reading, rule, allowance)

    def delay_seconds(self, arrival: Arrival) -> float:
        """How long the call takes before it has its effect."""
        rule = arrival.rule
        return self.latency_seconds + (rule.delay_seconds if rule is not None and rule.fault is Fault.SLOW else 0.0)

    def answer(self, arrival: Arrival) -> ProviderAnswer:
        """Lets the call have its effect, writes it down, and says what to answer."""
        if arrival.era != self._era:
            return DROPPED
        self.in_flight -= 1
        manner = self._manner(arrival.reading)
        performed = self._perform(arrival) if arrival.is_applied else None
        self._memory.keep(self.accounts)
        answer = DROPPED if performed is None else self._render(performed, manner, arrival.request)
        if arrival.rule is not None:
            answer = spoil(answer, arrival.rule, manner, arrival.request.path)
        elif arrival.allowance is not None:
            answer = replace(answer, headers=(*answer.headers, *_limit_headers(arrival.allowance)))
        effect = Effect.NOT_APPLIED if performed is None else performed.effect
        self.journal.append(self._entry(arrival, answer, effect))
        return answer

    def _count(self, login: str) -> Allowance:
        """Counts one call of a login against its limit."""
        switches = self.switches
        return self._throttle.count(login, switches.rate_limit, switches.rate_window_seconds, self._clock())

    def _beyond(self, allowance: Allowance) -> FaultRule:
        """The throttle as the fault it is to a call that was one too many."""
        return FaultRule(fault=Fault.THROTTLED, reset_seconds=allowance.seconds, applied=self.switches.throttle_applies)

    def _manner(self, reading: RequestReading) -> Manner:
        """How the call is answered."""
        address = reading.address
        return Manner(self.switches, address.edition, address.format, (*reading.secrets, ("api_key", reading.key)))

    def _perform(self, arrival: Arrival) -> Performed:
        """Checks the login, then does the operation."""
        reading = arrival.reading
        if reading.reseller is None:
            return Performed(wrong_login(self.switches, is_v3=reading.is_v3), Effect.REFUSED)
        if reading.address.operation is Operation.UNKNOWN:
            return Performed(no_such_call(is_v3=reading.is_v3), Effect.REFUSED)
        return perform(
            reading.address.operation,
            ServedCall(
                self.accounts,
                reading.reseller,
                reading.form,
                self.switches,
                self.seal,
                reading.on_behalf_of,
                arrival.request.body,
            ),
        )

    def _render(self, performed: Performed, manner: Manner, request: Request) -> ProviderAnswer:
        """The honest answer, in the encoding that the client accepts."""
        answer = render(performed.reply, manner)
        is_compressed = self.switches.gzip and "gzip" in (request.header(b"accept-encoding") or "")
        return compressed(answer) if is_compressed else answer

    def _entry(self, arrival: Arrival, answer: ProviderAnswer, effect: Effect) -> JournalEntry:
        """The journal's line about a call, without its secrets."""
        request, reading, form = arrival.request, arrival.reading, arrival.reading.form
        address = reading.address
        return JournalEntry(
            sequence=self.journal.last + 1,
            arrival=arrival.number,
            monotonic_seconds=self._clock(),
            epoch_seconds=time.time(),
            verb=request.verb,
            path=request.path,
            query_names=request.query_names(),
            # The same few names come with every call of a long test, and all of them are remembered.
            header_names=tuple(sys.intern(name.decode("latin-1")) for name, _ in request.headers),
            edition=address.edition,
            format=address.format,
            api_user=reading.api_user,
            key_digest=self.seal.digest(reading.key) if reading.key else None,
            operation=address.operation,
            username=reading.username,
            new_username=form.get("username") if address.operation is Operation.SET_USERNAME else "",
            email=form.get("email"),
            on_behalf_of=reading.on_behalf_of,
            credential_name=form.get("credential_name"),
            secret_digest=self.seal.digest(reading.secrets[0][1]) if reading.secrets else None,
            fault=None if arrival.rule is None else arrival.rule.fault,
            answer=answer.kind,
            status=answer.status,
            effect=effect,
        )


def _limit_headers(allowance: Allowance) -> tuple[tuple[str, str], ...]:
    """What is left to the login; the reset is rounded up, as a client that waits for it must not come too early."""
    return limit_headers(allowance.limit, allowance.remaining, math.ceil(time.time() + allowance.seconds))

"""The stand-in itself: from a call that has arrived to the answer it gets, through fault, throttle and operation."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.seed import open_accounts
from sandbox.provider.accounts.throttle import Throttle
from sandbox.provider.faults import Fault, FaultRule, Faults
from sandbox.provider.journal import Entry, Journal
from sandbox.provider.operations.calls import Call, Form, Operation, operation_of, parse_form, username_of
from sandbox.provider.operations.registry import Effect, Performed, perform
from sandbox.provider.operations.replies import Answer, render, wrong_login
from sandbox.provider.settings import SandboxConfig
from sandbox.provider.spoiling import DROPPED, spoil

_SECRETS: Final = ("password", "credential_password", "new_credential_password")


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came over HTTP: the verb, the path, and the query and the body still encoded."""

    verb: str
    path: str
    query: bytes = b""
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that has arrived and waits for its effect, with the fault that has befallen it.

    `era` tells calls from before a reset: they must not touch what came after it.
    """

    number: int
    era: int
    request: Request
    form: Form
    operation: Operation
    rule: FaultRule | None

    @property
    def is_applied(self) -> bool:
        """Whether the call gets as far as its operation."""
        return self.rule is None or self.rule.is_applied


class StandIn:
    """The provider's state and everything that bends its answers.

    A call goes through `arrive`, a wait of `delay_seconds`, and `answer`. Each runs to its end without waiting and all
    run on one event loop: that is what makes the journal's sequence the true order of effects.
    """

    def __init__(self, config: SandboxConfig, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._clock = clock
        self._era = 0
        self.seal = Seal()
        self.reset()

    def reset(self) -> None:
        """Back to the start: the configured seed and switches, no faults, an empty journal."""
        self._era += 1
        self._arrivals = 0
        self._throttle = Throttle()
        self.in_flight = 0
        self.switches = self._config.switches
        self.latency_seconds = self._config.latency_seconds
        self.accounts = open_accounts(self._config.seed, self.seal)
        self.faults = Faults(self._clock)
        self.journal = Journal(self._config.journal_limit)

    def arrive(self, request: Request) -> Arrival:
        """Reads a call and draws its fault."""
        form = parse_form(request.query, request.body)
        operation = operation_of(request.verb, request.path, form)
        rule = self.faults.draw(operation, username_of(operation, form)) or self._beyond_the_limit(form)
        self._arrivals += 1
        self.in_flight += 1
        return Arrival(self._arrivals, self._era, request, form, operation, rule)

    def delay_seconds(self, arrival: Arrival) -> float:
        """How long the call takes before it has its effect."""
        rule = arrival.rule
        return self.latency_seconds + (rule.delay_seconds if rule is not None and rule.fault is Fault.SLOW else 0.0)

    def answer(self, arrival: Arrival) -> Answer:
        """Lets the call have its effect, writes it down, and says what to answer."""
        if arrival.era != self._era:
            return DROPPED
        self.in_flight -= 1
        performed = self._perform(arrival) if arrival.is_applied else None
        answer = DROPPED if performed is None else render(performed.reply, self.switches)
        if arrival.rule is not None:
            answer = spoil(answer, arrival.rule, self.switches)
        effect = Effect.NOT_APPLIED if performed is None else performed.effect
        self.journal.append(self._entry(arrival, answer, effect))
        return answer

    def _beyond_the_limit(self, form: Form) -> FaultRule | None:
        """The throttle as the fault it is to the call, when its login has called too often."""
        if not self.switches.rate_limit:
            return None
        limit, window = self.switches.rate_limit, self.switches.rate_window_seconds
        wait = self._throttle.seconds_to_wait(form.get("api_user"), limit, window, self._clock())
        if wait is None:
            return None
        return FaultRule(fault=Fault.THROTTLED, reset_seconds=wait, applied=self.switches.throttle_applies)

    def _perform(self, arrival: Arrival) -> Performed:
        """Checks the login, then does the operation."""
        form = arrival.form
        reseller = self.accounts.login(form.get("api_user"), form.get("api_key"))
        if reseller is None:
            return Performed(wrong_login(self.switches), Effect.REFUSED)
        return perform(arrival.operation, Call(self.accounts, reseller, form, self.switches, self.seal))

    def _entry(self, arrival: Arrival, answer: Answer, effect: Effect) -> Entry:
        """The journal's line about a call, without its secrets."""
        request, form = arrival.request, arrival.form
        secret = next(filter(None, map(form.get, _SECRETS)), None)
        in_url = parse_form(request.query) if request.query else None
        return Entry(
            sequence=self.journal.last + 1,
            arrival=arrival.number,
            monotonic_seconds=self._clock(),
            epoch_seconds=time.time(),
            verb=request.verb,
            path=request.path,
            query_names=() if in_url is None else (*in_url.values, *(f"{name}[]" for name in in_url.lists)),
            api_user=form.get("api_user"),
            operation=arrival.operation,
            username=username_of(arrival.operation, form),
            credential_name=form.get("credential_name"),
            secret_digest=None if secret is None else self.seal.digest(secret),
            fault=None if arrival.rule is None else arrival.rule.fault,
            answer=answer.kind,
            status=answer.status,
            effect=effect,
        )

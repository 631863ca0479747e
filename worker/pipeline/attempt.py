"""One attempt of a claimed command, and the decision on what its failure means."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread

from messages.envelope import Envelope
from messages.results import Reason
from worker.domain import endings
from worker.domain.claims import Fresh, History, Resumed
from worker.domain.endings import Closing, Deferral, Finished
from worker.domain.ports import Clock, ProviderHealth
from worker.domain.result_events import Success
from worker.domain.retry_policy import (
    Blame,
    FailureContext,
    GiveUp,
    RetryLater,
    RetryPolicy,
    concluded,
    contradicted,
    decide,
    exhausted,
)
from worker.domain.telemetry import CommandRetried, Emit, HandlerCrashed
from worker.domain.work import Attempt, RetryCause, Work
from worker.errors import (
    Blocked,
    LedgerError,
    NotApplied,
    OutcomeUnknown,
    ProviderError,
    ProviderLogin,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
    Unsupported,
)
from worker.handlers.handlers import Handlers


@dataclass(frozen=True, slots=True)
class RetryContext:
    """What failures are judged by.

    `waited`: the seconds that this thread has ever waited for our own rate limit; it only grows.
    """

    policy: RetryPolicy
    health: ProviderHealth
    jitter: Callable[[], float] = random.random
    waited: Callable[[], float] = lambda: 0.0


class AttemptRunner:
    """Runs one attempt of a command, and decides what its failure means. Called by many threads."""

    def __init__(self, handlers: Handlers, context: RetryContext, emit: Emit, clock: Clock) -> None:
        self._handlers = handlers
        self._context = context
        self._emit = emit
        self._clock = clock

    def attempt(
        self, work: Work, envelope: Envelope, claim: Fresh | Resumed, closing: Callable[[], Closing]
    ) -> Finished | Deferral:
        """Try once. Returns how the command ended, or when to try again; raises only a LedgerError."""
        may_write = not exhausted(claim.history, self._context.policy)
        if not may_write and not claim.history.begun:
            # Nothing is left to write and nothing to look for, so no attempt is made and none is counted.
            never = NotApplied("the command never reached the provider, and no attempts are left")
            return endings.failure(work.delivery, envelope, Reason.RETRIES_EXHAUSTED, never, claim.history, closing())
        attempt = Attempt(
            token=claim.token,
            begun=claim.history.begun,
            # Once redelivered and unknown, it stays so: a later attempt that is known says nothing about earlier ones.
            remembered=claim.history.begun or not work.delivery.redelivered,
            may_write=may_write,
            note=claim.history.note,
        )
        started = self._spent()
        try:
            done = self._handle(work, envelope, attempt)
        except ProviderError as failure:
            around = self._surroundings(work, claim.history, failure, max(0.0, self._spent() - started))
            return self._decide(work, envelope, failure, claim.history, around, closing)
        self._context.health.succeeded(_customer(work), work.login)
        history = replace(claim.history, attempts=claim.history.attempts + 1)
        return endings.success(envelope, done, history, closing())

    def _spent(self) -> float:
        # What our own rate limit made it wait is no fault of the command's.
        return self._clock.monotonic() - self._context.waited()

    def _handle(self, work: Work, envelope: Envelope, attempt: Attempt) -> Success:
        try:
            return self._handlers.handle(envelope.data, attempt)
        except (ProviderError, LedgerError):
            raise
        except Exception as bug:
            # A fault of ours in one command's handler must neither end the thread nor lose the command. Whether the
            # provider was reached is not known, so it is judged as an unknown outcome.
            self._emit(HandlerCrashed(work, bug))
            raise OutcomeUnknown(f"the worker failed while handling it ({type(bug).__name__}); see its log") from bug

    def _surroundings(
        self, work: Work, history: History, failure: ProviderError, spent_seconds: float
    ) -> FailureContext:
        customer, login = _customer(work), failure.login or work.login
        self._report_health(customer, failure, login)
        health, since = self._context.health, history.provisional_at
        return FailureContext(
            now=self._clock.now(),
            blame=Blame.OPEN if since is None else health.blame(customer, login, since),
            paused=since is not None and health.paused_since(login, since),
            spent_seconds=spent_seconds,
            jitter=self._context.jitter(),
            could_write=not exhausted(history, self._context.policy),
        )

    def _report_health(self, customer: str, failure: ProviderError, login: ProviderLogin) -> None:
        match failure:
            case Unsupported():
                # No call was made: it says nothing about the provider.
                pass
            case Rejected():
                self._context.health.succeeded(customer, login)
            case NotApplied() | Unprovable():
                # Our own conclusions, some without any call: they say nothing about the provider.
                pass
            case _:
                self._context.health.failed(customer, failure, login)

    def _decide(
        self,
        work: Work,
        envelope: Envelope,
        refused: ProviderError,
        history: History,
        around: FailureContext,
        closing: Callable[[], Closing],
    ) -> Finished | Deferral:
        failure = contradicted(refused, around.blame)
        match decide(failure, history, around, self._context.policy):
            case GiveUp(reason, after):
                error = concluded(failure, reason)
                return endings.failure(work.delivery, envelope, reason, error, after, closing())
            case RetryLater(delay_seconds, after, charged):
                cause = _cause(failure)
                self._emit(CommandRetried(work, cause, charged, failure.detail, delay_seconds))
                return Deferral(after, around.now + delay_seconds, cause.value, failure.detail)


def _customer(work: Work) -> str:
    return work.lanes[0] if work.lanes else ""


def _cause(failure: ProviderError) -> RetryCause:
    match failure:
        case Throttled():
            return RetryCause.THROTTLED
        case Unauthorized() | Blocked():
            return RetryCause.REFUSED
        case OutcomeUnknown():
            return RetryCause.UNKNOWN
        case _:
            return RetryCause.NOT_SENT


class ThreadPool:
    """So many threads, each of which runs one function at a time, in the order in which they were submitted."""

    def __init__(self, name: str, count: int) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [Thread(target=self._run, name=f"{name}-{number:02}", daemon=True) for number in range(count)]

    @property
    def alive(self) -> bool:
        """Whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self, deadline_seconds: float = 1.0) -> None:
        """End the threads after what is submitted; a call that takes longer is left to the end of the process."""
        until = time.monotonic() + deadline_seconds
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def submit(self, function: Callable[[], None]) -> None:
        """Run this on one of the threads. It must not raise: that would end the thread."""
        self._waiting.put(function)

    def _run(self) -> None:
        while (function := self._waiting.get()) is not None:
            function()

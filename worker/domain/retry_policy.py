"""What to do after a failed attempt. Pure: a failure, the history and the surroundings go in, a decision comes out.

A failure is the provider's until it is proven the message's. An outcome that is unknown is provisional at first; when
the next attempt fails too, it is asked whose it was. The command's: it is charged, and the seconds since then with it.
The provider's: neither is. Not known: it stays open. What was never sent, a throttle and a refused login cost no
attempt at all, and what was waited through a pause costs no seconds. So an hour in which half of all calls fail is
nobody's own: at such a rate no command can be distinguished from the others. A request that is refused by its status
alone, again and again while others are answered, is refused for good, and sooner. Once no attempts are left, what may
have happened gets a last look, and that look too is repeated until it is answered, or until its failures are charged.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from messages.results import Reason
from worker.domain.claims import History
from worker.errors import (
    Blocked,
    NotApplied,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
)

#: The longest wait the provider is believed: a time beyond it is an error of theirs, and asking again costs little.
LONGEST_PAUSE_SECONDS = 3600.0
#: So many charged refusals of one request, and of nothing else, are no accident: one more attempt, and half a minute.
_MOST_BLOCKED = 4


class Blame(StrEnum):
    """Who caused an earlier failure, as far as is known by now."""

    COMMAND = "command"
    PROVIDER = "provider"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a command is tried: charged attempts, unpaused seconds, and the exponential waits between (seconds)."""

    max_attempts: int = 20
    window_seconds: float = 600.0
    base_seconds: float = 1.0
    cap_seconds: float = 60.0
    settle_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class FailureContext:
    """What was so when the attempt failed.

    `now` is epoch seconds. `blame`: whose the failure before this one was; `paused`: whether intake was paused since
    then. `spent_seconds` is the time the attempt took, `jitter` a number from 0 up to 1, `could_write` False for an
    attempt that was only a last look.
    """

    now: float
    blame: Blame
    paused: bool
    spent_seconds: float
    jitter: float
    could_write: bool


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Try again after so many seconds. `charged`: an earlier failure was charged now."""

    delay_seconds: float
    history: History
    charged: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """End it as a dead letter."""

    reason: Reason
    history: History


Decision = RetryLater | GiveUp


def exhausted(history: History, policy: RetryPolicy) -> bool:
    """Whether no further write may be tried; what may have happened still gets a last look."""
    return history.charged_attempts >= policy.max_attempts or history.seconds_used >= policy.window_seconds


def contradicted(failure: ProviderError, blame: Blame) -> ProviderError:
    """What a failure is, given whose the one before it was: of a login that is proven good, a refusal is Blocked."""
    if not isinstance(failure, Unauthorized) or blame is not Blame.COMMAND:
        return failure
    blocked = Blocked(failure.status, failure.errors)
    blocked.login, blocked.retry_after_seconds = failure.login, failure.retry_after_seconds
    return blocked


def concluded(failure: ProviderError, reason: Reason) -> ProviderError:
    """What is published of the failure that ends a command: one that is blocked for good is refused.

    Said no earlier: until it is given up nothing proves that others are answered. One that may have been applied is
    not to be sent again before somebody has looked.
    """
    if not isinstance(failure, Blocked) or reason is not Reason.PROVIDER_REJECTED:
        return failure
    return Rejected(
        f"{failure.detail}; others are answered meanwhile: look at what in the command it may object to, or have it "
        "let through, then send the command again under a new id",
        failure.errors,
    )


def decide(failure: ProviderError, history: History, around: FailureContext, policy: RetryPolicy) -> Decision:
    """The whole table; see the module's text for the idea behind it."""
    after = _counted(failure, _blamed(history, around, policy), around)
    match failure:
        case Rejected():
            return GiveUp(Reason.PROVIDER_REJECTED, after)
        case NotApplied():
            return GiveUp(Reason.RETRIES_EXHAUSTED, after)
        case Unprovable():
            return GiveUp(Reason.OUTCOME_UNKNOWN, after)
    later = RetryLater(
        _delay(failure, after, around, policy), after, charged=after.charged_attempts > history.charged_attempts
    )
    if (
        isinstance(failure, Blocked)
        and not after.begun
        and (after.charged_attempts >= _MOST_BLOCKED or exhausted(after, policy))
    ):
        return GiveUp(Reason.PROVIDER_REJECTED, after)
    if exhausted(after, policy) and not isinstance(failure, Throttled):
        return _at_the_end(failure, later, around, policy)
    return later


def _at_the_end(failure: ProviderError, later: RetryLater, around: FailureContext, policy: RetryPolicy) -> Decision:
    after = later.history
    if not after.begun:
        return GiveUp(Reason.RETRIES_EXHAUSTED, after)
    if around.could_write:
        # It may have been applied: a last look, without writing, after the provider had time to settle.
        return replace(later, delay_seconds=policy.settle_seconds)
    if later.charged and isinstance(failure, OutcomeUnknown | Blocked):
        return GiveUp(Reason.OUTCOME_UNKNOWN, after)
    # The look was not answered for a reason that may be the provider's: it still owes us the answer.
    return later


def _blamed(history: History, around: FailureContext, policy: RetryPolicy) -> History:
    """Settle the failures that are open, when it is known by now whose they were."""
    match around.blame:
        case Blame.OPEN:
            return history
        case Blame.PROVIDER:
            return replace(history, provisional=0)
    return replace(
        history,
        charged_attempts=history.charged_attempts + history.provisional,
        provisional=0,
        seconds_used=history.seconds_used + _seconds_since(history, around, policy),
    )


def _seconds_since(history: History, around: FailureContext, policy: RetryPolicy) -> float:
    if history.provisional_at is None or around.paused:
        return 0.0
    # Only the wait itself and the attempt: what it had to wait longer, for a thread or a new process, is not its fault.
    longest = _least_wait(_ceiling(history.attempts, policy), history, policy) + around.spent_seconds
    return min(max(0.0, around.now - history.provisional_at), longest)


def _counted(failure: ProviderError, blamed: History, around: FailureContext) -> History:
    unknown = isinstance(failure, OutcomeUnknown)
    # A 429 may come after the provider has applied the call (seen with creates), so it too is read back.
    may_have_happened = unknown or isinstance(failure, Throttled)
    return replace(
        blamed,
        attempts=blamed.attempts + 1,
        provisional=blamed.provisional + (1 if isinstance(failure, OutcomeUnknown | Blocked) else 0),
        provisional_at=around.now,
        begun=blamed.begun or (may_have_happened and around.could_write and not failure.nothing_written),
        first_failed_at=blamed.first_failed_at or around.now,
    )


def _delay(failure: ProviderError, after: History, around: FailureContext, policy: RetryPolicy) -> float:
    if isinstance(failure, Throttled) and failure.retry_after_seconds is not None:
        return _least_wait(failure.retry_after_seconds, after, policy)
    ceiling = _ceiling(after.attempts, policy)
    backoff = ceiling / 2 + around.jitter * ceiling / 2
    return _least_wait(max(backoff, failure.retry_after_seconds or 0.0), after, policy)


def _ceiling(attempts: int, policy: RetryPolicy) -> float:
    # Bounded exponent: 2 ** 1000 is no float.
    return min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(attempts - 1, 32))


def _least_wait(seconds: float, history: History, policy: RetryPolicy) -> float:
    return max(seconds, policy.settle_seconds if history.begun else 0.0)

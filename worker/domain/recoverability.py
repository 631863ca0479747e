"""What to do after a failed try. Pure: a failure, the history and the surroundings go in, a decision comes out.

A failure is the provider's until it is proven the message's: an outcome that is unknown is provisional, and is charged
to the command only once another customer's call, or the probe, has succeeded after it. What was never sent, a throttle
and a refused login are never charged. Once no attempts are left, what may have happened gets a last look, and that look
too is repeated until it is answered, or until its failures are charged.
"""

from dataclasses import dataclass, replace

from worker.domain.claims import History, Reason
from worker.errors import NotApplied, OutcomeUnknown, ProviderError, Rejected, Throttled, Unprovable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a command is tried: charged attempts, unpaused seconds, and the exponential waits between (seconds)."""

    max_attempts: int = 20
    window_seconds: float = 600.0
    base_seconds: float = 1.0
    cap_seconds: float = 60.0
    settle_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was so when the try failed.

    `now` and `proven_well_at` are epoch seconds: when the provider last answered somebody else well, None if never.
    `spent_seconds` is the unpaused time the try took, `jitter` a number from 0 up to 1, `could_write` False for a try
    that was only a last look.
    """

    now: float
    proven_well_at: float | None
    spent_seconds: float
    jitter: float
    could_write: bool


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Try again after so many seconds. `charged`: this failure, or an earlier one, was charged now."""

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
    return history.attempts >= policy.max_attempts or history.seconds_used >= policy.window_seconds


def decide(failure: ProviderError, history: History, around: Surroundings, policy: RetryPolicy) -> Decision:
    """The whole table; see the module's text for the idea behind it."""
    after = _counted(failure, history, around)
    match failure:
        case Rejected():
            return GiveUp(Reason.PROVIDER_REJECTED, after)
        case NotApplied():
            return GiveUp(Reason.RETRIES_EXHAUSTED, after)
        case Unprovable():
            return GiveUp(Reason.OUTCOME_UNKNOWN, after)
    later = _later(_delay(failure, after, around, policy), history, after)
    if isinstance(failure, Throttled):
        # The whole intake is paused for as long, so the wait is none of this command's seconds.
        return replace(later, history=after)
    if exhausted(later.history, policy):
        return _at_the_end(failure, after, later, around, policy)
    return later


def _at_the_end(
    failure: ProviderError, after: History, later: RetryLater, around: Surroundings, policy: RetryPolicy
) -> Decision:
    if not after.begun:
        return GiveUp(Reason.RETRIES_EXHAUSTED, after)
    if around.could_write:
        # It may have been applied: a last look, without writing, after the provider had time to settle.
        return replace(later, delay_seconds=policy.settle_seconds)
    if later.charged and isinstance(failure, OutcomeUnknown):
        return GiveUp(Reason.OUTCOME_UNKNOWN, after)
    # The look was not answered for a reason that may be the provider's: it still owes us the answer.
    return later


def _counted(failure: ProviderError, history: History, around: Surroundings) -> History:
    charged = _with_proven_failures_charged(history, around.proven_well_at)
    unknown = isinstance(failure, OutcomeUnknown)
    # A 429 may come after the provider has applied the call (seen with creates), so it too is read back.
    may_have_happened = unknown or isinstance(failure, Throttled)
    return replace(
        charged,
        tries=charged.tries + 1,
        provisional=charged.provisional + (1 if unknown else 0),
        provisional_at=around.now if unknown else charged.provisional_at,
        seconds_used=charged.seconds_used + around.spent_seconds,
        begun=charged.begun or (may_have_happened and around.could_write),
        first_failed_at=charged.first_failed_at or around.now,
    )


def _with_proven_failures_charged(history: History, proven_well_at: float | None) -> History:
    if not history.provisional or proven_well_at is None or proven_well_at <= (history.provisional_at or 0.0):
        return history
    return replace(history, attempts=history.attempts + history.provisional, provisional=0, provisional_at=None)


def _delay(failure: ProviderError, after: History, around: Surroundings, policy: RetryPolicy) -> float:
    if isinstance(failure, Throttled) and failure.retry_after_seconds is not None:
        return max(failure.retry_after_seconds, policy.settle_seconds if after.begun else 0.0)
    # Bounded exponent: 2 ** 1000 is no float.
    ceiling = min(policy.cap_seconds, policy.base_seconds * 2.0 ** min(after.tries - 1, 32))
    backoff = ceiling / 2 + around.jitter * ceiling / 2
    return max(backoff, policy.settle_seconds) if after.begun else backoff


def _later(delay: float, before: History, after: History) -> RetryLater:
    # The wait will be spent in the lane, so it is counted now: a restart in between must not make it free.
    waited = replace(after, seconds_used=after.seconds_used + delay)
    return RetryLater(delay, waited, charged=after.attempts > before.attempts)

"""How a command ends, in the ledger's words: the event, and the dead letter when it failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from messages.envelope import Envelope
from messages.errors import CommandName, Invalid, MessageError, Undecodable, UnknownType, Unread
from messages.results import Outcome, Reason
from worker.domain import dead_letters, result_events
from worker.domain.claims import Crashed, History
from worker.domain.dead_letters import DeadLetter
from worker.domain.deliveries import Delivery
from worker.domain.identity import CommandKey, dead_letter_id, event_id, refusal_id
from worker.domain.result_events import GENERATION, Failure, StoredEvent, Success, rfc3339
from worker.domain.texts.redaction import without_secrets_of
from worker.errors import OutcomeUnknown, ProviderError


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended: the event, and the dead letter when it failed."""

    event: StoredEvent
    history: History
    dead_letter: DeadLetter | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The command ended with this attempt: what to record, and how to count it."""

    ending: Ending
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Deferral:
    """One failed attempt that will be repeated at `not_before` (epoch seconds). `cause` and `detail` are for people."""

    history: History
    not_before: float
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that never took its key: its dead letter, and its event when the command could be named.

    `id` is derived from the message alone, so that the same message refused twice is the same refusal. `older_ids`: one
    of these it has if it was kept under an older secret key, or by an older version.
    """

    id: str
    dead_letter: DeadLetter
    event: StoredEvent | None
    older_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closing:
    """The moment and the program that end a command. `now` is epoch seconds."""

    now: float
    worker_version: str


def success(envelope: Envelope, done: Success, history: History, closing: Closing) -> Finished:
    """The command was applied, now or by an earlier attempt."""
    identity = event_id(CommandKey(envelope.source, envelope.id), GENERATION)
    event = result_events.succeeded(envelope, identity, done, history.attempts, rfc3339(closing.now))
    return Finished(Ending(event, history), done.outcome, "")


def failure(
    delivery: Delivery, envelope: Envelope, reason: Reason, error: ProviderError, history: History, closing: Closing
) -> Finished:
    """The command is given up: a CommandFailed and a dead letter."""
    key = CommandKey(envelope.source, envelope.id)
    failed = Failure(
        reason=reason,
        detail=error.detail,
        errors=error.errors,
        attempts=history.attempts,
        failed_at=rfc3339(closing.now),
        dead_letter_id=dead_letter_id(key, GENERATION),
    )
    name = result_events.name_of(envelope)
    event = result_events.failed(name, event_id(key, GENERATION), failed)
    first = rfc3339(history.first_failed_at or closing.now)
    dead_letter = dead_letters.write(delivery, name, failed, first, closing.worker_version)
    return Finished(Ending(event, history, dead_letter), Outcome.FAILED, error.detail)


def crash_loop(delivery: Delivery, envelope: Envelope, crashed: Crashed, closing: Closing) -> Finished:
    """End a command because each process that handled it alone died."""
    died = OutcomeUnknown(
        f"the worker died {crashed.crashes} times while it handled this command and nothing else; it may have been "
        "applied, so look at the customer before it is sent again to a worker that is mended"
    )
    history = replace(crashed.history, attempts=crashed.history.attempts + crashed.crashes)
    return failure(delivery, envelope, Reason.CRASH_LOOP, died, history, closing)


def unstorable(delivery: Delivery, envelope: Envelope, history: History, why: str, closing: Closing) -> Finished:
    """The command is given up, because the ledger cannot hold what became of it, and `why`."""
    unknown = OutcomeUnknown(f"{why} The command may have been applied: look at the customer before it is sent again")
    return failure(delivery, envelope, Reason.OUTCOME_UNKNOWN, unknown, history, closing)


def refusal(delivery: Delivery, error: MessageError, marks: Sequence[bytes], closing: Closing) -> Refusal:
    """The message is no command; it is answered if it says who it is, and never takes its key.

    `marks` distinguish it from all others, one with each secret key, newest first.
    """
    # The faults name fields, and a field may have been given a secret's name by mistake.
    why = without_secrets_of(delivery.body, "; ".join(error.faults))
    return _refused(delivery, error.name, _reason_of(error), why, marks, closing)


def conflict(delivery: Delivery, envelope: Envelope, marks: Sequence[bytes], closing: Closing) -> Refusal:
    """The key was taken earlier by a command with other content; says nothing about that one. `marks` as above."""
    why = (
        f"id {envelope.id} of {envelope.source} was used before for a command with other content; "
        "send this one again under an id of its own"
    )
    return _refused(delivery, result_events.name_of(envelope), Reason.ID_CONFLICT, why, marks, closing)


def _refused(
    delivery: Delivery, name: CommandName | None, reason: Reason, why: str, marks: Sequence[bytes], closing: Closing
) -> Refusal:
    failed = Failure(
        reason=reason,
        detail=why,
        errors=(),
        attempts=0,
        failed_at=rfc3339(closing.now),
        dead_letter_id=refusal_id(name, marks[0], "letter"),
    )
    identity, *older = (refusal_id(name, mark, "event") for mark in marks)
    if delivery.redelivered:
        # What an older version refused and could not acknowledge is kept under its name and body alone. A message that
        # comes for the first time may share both with another, and must not be answered with what was said of that one.
        older.append(refusal_id(name, sha256(delivery.body).digest(), "event"))
    dead_letter = dead_letters.write(delivery, name, failed, failed.failed_at, closing.worker_version)
    event = result_events.failed(name, identity, failed) if name else None
    return Refusal(identity, dead_letter, event, tuple(older))


def _reason_of(error: MessageError) -> Reason:
    match error:
        case Undecodable():
            return Reason.UNDECODABLE
        case UnknownType():
            return Reason.UNKNOWN_TYPE
        case Invalid():
            return Reason.INVALID
        case Unread():
            return Reason.CRASH_LOOP
        case _:
            raise AssertionError(f"{type(error).__name__} has no reason")

"""The way of one delivery. Read this first.

    arrive -> decode -> queue up -> claim -> handle -> decide -> record -> publish -> settle -> report

`decode` makes a unit of work of a delivery; the lanes (worker/flow) decide when it runs; `Process.run` does the rest.
Three rules keep the promise, and each is one line below: nothing is told before it is recorded, nothing is acked before
it is told, and only what was claimed is handled. A crash between any two steps leaves something the next claim can
tell: nothing (it is redelivered as new), a claim that was begun (look before you write), or an ending (tell it again).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from messages.codec import decode as decode_message
from messages.codec import name_from_properties
from messages.envelope import Envelope, WireMessage
from messages.errors import Invalid, MessageError, Undecodable, Unread
from messages.forms import told_apart
from messages.outcomes import Outcome
from worker.domain import endings, letters, results
from worker.domain.claims import (
    Claim,
    ClaimRequest,
    CommandKey,
    Conflict,
    Crashed,
    Dead,
    Deferral,
    Done,
    Fresh,
    Held,
    Letter,
    Refusal,
    Resumed,
    StoredEvent,
    Suspect,
    Token,
)
from worker.domain.deliveries import Delivery
from worker.domain.endings import Closing
from worker.domain.identity import canonical, customer_of, lane_keys
from worker.domain.ports import Clock, EventPublisher, Ledger, Settlement, Telemetry
from worker.domain.work import Alone, Finished, Report, Requested, Settled, Step, Verdict, Wait, Work
from worker.errors import LedgerUnavailable, NotTaken, PublishFailed, Unpublishable, Unstorable
from worker.handlers.trying import Trying

#: Each try may cost the publish connection, and only a person can change how it ends.
UNPUBLISHABLE_SECONDS = 60.0
_MOST_UNTOLD = 1_000

Fingerprint = Callable[[str, str | None, bytes], tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms a delivery passes through."""

    ledger: Ledger
    trying: Trying
    publisher: EventPublisher
    settlement: Settlement
    telemetry: Telemetry


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a delivery: the event, the letter, and how the metrics count it."""

    event: StoredEvent | None
    letter: Letter | None
    outcome: Outcome
    detail: str = ""
    tries: int = 0


def decode(delivery: Delivery, fingerprint: Fingerprint) -> Work:
    """Read a delivery: a command with its claim and its lanes, or the reason why it is none. Never raises."""
    try:
        return _requested(delivery, decode_message(_message(delivery)), fingerprint)
    except MessageError as error:
        return Work(delivery, error, ())
    except Exception as bug:  # noqa: BLE001 - whatever it is, it would come again with each redelivery and stop the queue
        words = f"the worker failed while reading it ({type(bug).__name__}): send it again once the worker is mended"
        return Work(delivery, Undecodable([words]), ())


def whole(delivery: Delivery) -> bytes:
    """Everything the sender gave it, secrets in clear: only ever fed to a keyed hash."""
    message = _message(delivery)
    # What the broker adds counts the deliveries: it is another each time.
    headers = sorted((name, repr(value)) for name, value in message.headers.items() if not name.startswith("x-"))
    return repr((replace(message, headers={}), headers)).encode(errors="backslashreplace") + b"\0" + delivery.body


def identifying(delivery: Delivery) -> bytes:
    """What tells a refused message from every other, secrets in clear: only ever fed to a keyed hash."""
    return told_apart(_message(delivery))


def leave_unread(delivery: Delivery, crashes: int) -> Work:
    """Refuse a delivery without looking at its content: so many processes died of that and of nothing else."""
    words = f"the worker died {crashes} times while it read this message and did nothing else, so it is not read again"
    return Work(delivery, Unread([words], name_from_properties(_message(delivery))), ())


def _message(delivery: Delivery) -> WireMessage:
    properties = delivery.properties
    return WireMessage(
        body=delivery.body,
        content_type=properties.content_type,
        type=properties.type,
        message_id=properties.message_id,
        correlation_id=properties.correlation_id,
        app_id=properties.app_id,
        timestamp=properties.timestamp,
        headers=properties.headers,
    )


def _requested(delivery: Delivery, envelope: Envelope, fingerprint: Fingerprint) -> Work:
    lanes = lane_keys(envelope)
    request = ClaimRequest(
        key=CommandKey(envelope.source, envelope.id),
        type=envelope.type,
        subject=envelope.subject,
        username=customer_of(envelope.data),
        lanes=lanes,
        fingerprints=fingerprint(envelope.type, envelope.subject, canonical(envelope.data)),
        redelivered=delivery.redelivered,
        position=delivery.receipt.position,
    )
    return Work(delivery, Requested(envelope, request), lanes)


class Process:
    """Runs one unit of work after another; called by many threads at once, never twice at once for one customer."""

    def __init__(
        self,
        rooms: Rooms,
        clock: Clock,
        worker_version: str,
        reached: Callable[[Step], None],
        mark: Callable[[bytes], Sequence[bytes]],
    ) -> None:
        """`mark` hashes the `identifying` bytes of a refused message with each secret key, newest first."""
        self._rooms = rooms
        self._clock = clock
        self._version = worker_version
        self._reached = reached
        self._mark = mark
        # What was recorded by this process and could not be told: the next run tells it, and it is no duplicate.
        self._untold: dict[str, tuple[Delivery, Told]] = {}

    def run(self, work: Work) -> Verdict:
        """Take one unit of work to its end, or to its next wait.

        Raises ClaimLost before anything was told, LedgerUnavailable or PublishFailed when it is not certain that it
        was; running the same work again later is always right. What the broker can never take waits, alone with its
        customer's later commands, for a person to change the broker's limits.
        """
        taken_up = self._clock.monotonic()
        ending = self._end(work)
        if isinstance(ending, Wait | Alone):
            return ending
        try:
            self._answer_or_remember(work, ending)
        except Unpublishable as fault:
            self._rooms.telemetry.unpublishable(work, str(fault))
            return Wait(self._clock.now() + UNPUBLISHABLE_SECONDS)
        self._reached(Step.SETTLED)
        self._report(work, ending, self._clock.monotonic() - taken_up)
        return Settled()

    def _end(self, work: Work) -> Told | Wait | Alone:
        match work.content:
            case MessageError() as error:
                return self._keep(endings.refusal(work.delivery, error, self._marks(work.delivery), self._closing()))
            case Requested(envelope, request):
                try:
                    claim = self._rooms.ledger.claim(replace(request, alone=True) if work.alone else request)
                except Unstorable as fault:
                    unfit = Invalid([str(fault)], results.name_of(envelope))
                    return self._end(replace(work, content=unfit))
                self._reached(Step.CLAIMED)
                return self._after_claim(work, envelope, claim)

    def _after_claim(self, work: Work, envelope: Envelope, claim: Claim) -> Told | Wait | Alone:
        match claim:
            case Fresh() | Resumed() | Crashed():
                return self._handle(work, envelope, claim)
            case Done(event):
                return self._recall(work.delivery, Told(event, None, Outcome.DUPLICATE))
            case Dead(event, letter):
                return self._recall(work.delivery, Told(event, letter, Outcome.DUPLICATE))
            case Held(until):
                return Wait(until)
            case Suspect(crashes):
                return Alone(crashes)
            case Conflict():
                return self._keep(
                    endings.conflict(work.delivery, envelope, self._marks(work.delivery), self._closing())
                )

    def _handle(self, work: Work, envelope: Envelope, claim: Fresh | Resumed | Crashed) -> Told | Wait:
        try:
            outcome = self._try(work, envelope, claim)
            if isinstance(outcome, Deferral):
                return self._defer(claim.token, outcome, work)
            self._rooms.ledger.record(claim.token, outcome.ending)
        except Unstorable as fault:
            # It would be refused each time, for ever: what is recorded in its place says so.
            outcome = endings.unstorable(work.delivery, envelope, (claim.history, str(fault)), self._closing())
            self._rooms.ledger.record(claim.token, outcome.ending)
        self._reached(Step.RECORDED)
        return _told(outcome)

    def _try(self, work: Work, envelope: Envelope, claim: Fresh | Resumed | Crashed) -> Finished | Deferral:
        if isinstance(claim, Crashed):
            outcome: Finished | Deferral = endings.crash_loop(work.delivery, envelope, claim, self._closing())
        else:
            outcome = self._rooms.trying.attempt(work, envelope, claim, self._closing)
        self._reached(Step.HANDLED)
        return outcome

    def _defer(self, token: Token, deferral: Deferral, work: Work) -> Wait:
        # Cannot it be written down, the wait must still be kept: the provider may be applying the call right now.
        with suppress(LedgerUnavailable, NotTaken, Unstorable):
            self._rooms.ledger.defer(token, deferral)
            return Wait(deferral.not_before)
        return Wait(deferral.not_before, alone=work.alone)

    def _keep(self, refusal: Refusal) -> Told:
        # The ledger answers with the first refusal of this message: its repeat carries the same bytes.
        try:
            kept = self._rooms.ledger.refuse(refusal)
        except Unstorable:
            # What the database cannot hold must be answered all the same; a repeat gets the same ids, and a later time.
            kept = refusal
        self._reached(Step.RECORDED)
        detail = str(kept.letter.headers.get("provisioning-detail", ""))
        return Told(kept.event, kept.letter, Outcome.FAILED, detail)

    def _answer_or_remember(self, work: Work, told: Told) -> None:
        try:
            self._tell(work, told)
            self._rooms.settlement.ack(work.delivery.receipt)
        except (PublishFailed, LedgerUnavailable, NotTaken):
            if told.event is not None and told.outcome is not Outcome.DUPLICATE and isinstance(work.content, Requested):
                if len(self._untold) >= _MOST_UNTOLD:
                    # Leftovers: their deliveries went to other workers, and nobody will ask for them here.
                    self._untold.clear()
                self._untold[told.event.id] = work.delivery, told
            raise

    def _recall(self, delivery: Delivery, duplicate: Told) -> Told:
        event_id = duplicate.event.id if duplicate.event else ""
        first, told = self._untold.pop(event_id, (delivery, duplicate))
        same = first.receipt == delivery.receipt or delivery.redelivered or delivery.receipt.position is not None
        # The sender's own repeat is one, whatever became of the delivery that was not told.
        return told if same else duplicate

    def _tell(self, work: Work, told: Told) -> None:
        if told.letter is not None:
            self._rooms.publisher.publish(letters.outgoing(work.delivery, told.letter))
            self._reached(Step.LETTER_PUBLISHED)
        if told.event is not None:
            self._rooms.publisher.publish(results.outgoing(told.event))
        self._reached(Step.EVENT_PUBLISHED)

    def _report(self, work: Work, told: Told, seconds: float) -> None:
        reason = told.letter.reason if told.letter else None
        self._rooms.telemetry.settled(Report(work, told.outcome, reason, told.detail, told.tries, seconds))

    def _marks(self, delivery: Delivery) -> Sequence[bytes]:
        return self._mark(identifying(delivery))

    def _closing(self) -> Closing:
        return Closing(self._clock.now(), self._version)


def _told(finished: Finished) -> Told:
    ending = finished.ending
    return Told(ending.event, ending.letter, finished.outcome, finished.detail, ending.history.tries)

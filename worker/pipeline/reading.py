"""Reads deliveries: from bytes to a command with its claim and its lanes, or to the reason why it is none.

What may have ended the last process is read behind a mark on disk: one message at a time, with nothing beside it. It is
marked before it is read and unmarked after. When the process dies in between, the next one finds the mark and knows
what it died of. So it costs a commit for each message that the broker brings again after a crash, and nothing at all
otherwise: whether there was a crash is asked once for each connection, when the first such message comes.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

from messages.commands import Command
from messages.envelope import Envelope, decode, name_from_properties
from messages.errors import MessageError, Undecodable, Unread
from messages.forms import WireMessage, distinguishing
from worker.domain.claims import MOST_CRASHES, ClaimRequest, Held
from worker.domain.deliveries import Delivery
from worker.domain.identity import CommandKey, canonical, customer_of, lane_keys
from worker.domain.ports import Clock, CrashMarks
from worker.domain.telemetry import USUAL_PRIORITY, CommandMayChangePlaces, CommandMayExpire, Emit, TelemetryEvent
from worker.domain.work import Requested, Step, Wait, Work
from worker.errors import LedgerError, ProviderLogin
from worker.pipeline.job import Job
from worker.pipeline.scheduling.dispatcher import Dispatcher

#: Hashes a kind of content, what it is about, and its bytes with each secret key, the newest first.
Fingerprint = Callable[[str, str | None, bytes], tuple[bytes, ...]]

_AGAIN_SECONDS = 1.0


def read(delivery: Delivery, fingerprint: Fingerprint, login_of: Callable[[Command], ProviderLogin]) -> Work:
    """Read a delivery: a command with its claim and its lanes, or the reason why it is none. Never raises."""
    try:
        envelope = decode(_message(delivery))
        return _requested(delivery, envelope, fingerprint, login_of(envelope.data))
    except MessageError as error:
        return Work(delivery, error, ())
    except Exception as bug:  # noqa: BLE001 - whatever it is, it would come again with each redelivery and stop the queue
        words = f"the worker failed while reading it ({type(bug).__name__}): send it again once the worker is mended"
        return Work(delivery, Undecodable([words]), ())


def read_and_warn(
    delivery: Delivery, fingerprint: Fingerprint, login_of: Callable[[Command], ProviderLogin], emit: Emit
) -> Work:
    """Read a delivery, and report an expiry or a priority that may lose it or change its order."""
    work = read(delivery, fingerprint, login_of)
    for risk in risks(work):
        emit(risk)
    return work


def risks(work: Work) -> Iterator[TelemetryEvent]:
    """What its emitter lets the broker do with such a delivery: to throw it out, or hand it over in another order.

    The broker does both by properties of the message, without asking the worker; that they are set can be
    seen in the commands that do arrive. What is parked already has arrived before.
    """
    properties = work.delivery.properties
    if work.delivery.receipt.position is not None:
        return
    if properties.expiration is not None:
        yield CommandMayExpire(work, properties.expiration)
    if properties.priority is not None and properties.priority != USUAL_PRIORITY:
        yield CommandMayChangePlaces(work, properties.priority)


def crash_mark_content(delivery: Delivery) -> bytes:
    """Everything the sender gave it, secrets in clear: only ever fed to a keyed hash."""
    message = _message(delivery)
    # What the broker adds counts the deliveries: it is another each time.
    headers = sorted((name, repr(value)) for name, value in message.headers.items() if not name.startswith("x-"))
    return repr((replace(message, headers={}), headers)).encode(errors="backslashreplace") + b"\0" + delivery.body


def identifying(delivery: Delivery) -> bytes:
    """What distinguishes a refused message from every other, secrets in clear: only ever fed to a keyed hash."""
    return distinguishing(_message(delivery))


def reject_unread(delivery: Delivery, crashes: int) -> Work:
    """Refuse a delivery without reading its content, because reading it alone ended `crashes` processes."""
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


def _requested(delivery: Delivery, envelope: Envelope, fingerprint: Fingerprint, login: ProviderLogin) -> Work:
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
    return Work(delivery, Requested(envelope, request, login), lanes)


class MarkedReader:
    """Reads one delivery behind its mark, `mark_of` it. Used by one thread at a time, but for `must_be_marked`."""

    def __init__(
        self,
        read: Callable[[Delivery], Work],
        mark_of: Callable[[Delivery], bytes],
        marks: CrashMarks,
        pause_intake: Callable[[float, str], None],
        clock: Clock,
    ) -> None:
        self._read_content = read
        self._mark_of = mark_of
        self._marks = marks
        self._pause_intake = pause_intake
        self._clock = clock
        self._harmless_epoch = 0
        self._careful_epoch = 0
        self._marked = False
        # The process that died then has left nothing that this one has not read, and lived.
        self._survived: float | None = None
        self._death: float | None = None

    def must_be_marked(self, delivery: Delivery) -> bool:
        """Whether it must be read here. From any thread; reads memory only.

        Only what a process had before can have ended one. Of a new connection's first such message it is not known yet.
        """
        return delivery.redelivered and delivery.receipt.epoch != self._harmless_epoch

    def demands_isolation(self, delivery: Delivery) -> bool | Wait:
        """Whether nothing may run beside reading it; Wait when the ledger cannot answer now."""
        try:
            return self._is_careful(delivery)
        except LedgerError as trouble:
            return self._held_up(trouble)

    def read(self, delivery: Delivery) -> Work | Wait:
        """Read it alone, or reject it; Wait when it cannot be marked now, or another process may be reading it."""
        try:
            return self._read(delivery)
        except LedgerError as trouble:
            return self._held_up(trouble)

    def finish(self) -> Wait | None:
        """Take the mark away before anything else runs; Wait when that is not possible now."""
        try:
            self._unmark()
        except LedgerError as trouble:
            return self._held_up(trouble)
        return None

    def _read(self, delivery: Delivery) -> Work | Wait:
        if not self._is_careful(delivery):
            self._unmark()
            return self._read_content(delivery)
        # Whatever comes of it, the mark may be on disk from here on.
        self._marked = True
        match self._marks.begin_reading(self._mark_of(delivery)):
            case Held(until):
                return Wait(until)
            case reading if reading.crashes >= MOST_CRASHES:
                return reject_unread(delivery, reading.crashes)
            case _:
                return self._read_content(delivery)

    def _is_careful(self, delivery: Delivery) -> bool:
        epoch = delivery.receipt.epoch
        if not self.must_be_marked(delivery):
            return False
        if epoch != self._careful_epoch:
            death = self._marks.last_death()
            if death is None or death == self._survived:
                self._harmless_epoch = epoch
                return False
            self._careful_epoch, self._death = epoch, death
        return True

    def _unmark(self) -> None:
        if self._marked:
            self._marks.end_reading()
            self._marked = False
            self._survived = self._death

    def _held_up(self, trouble: LedgerError) -> Wait:
        self._pause_intake(_AGAIN_SECONDS, str(trouble))
        return Wait(self._clock.now() + _AGAIN_SECONDS)


class CarefulReader(Protocol):
    """Reads one delivery at a time: `MarkedReader`, or what a test has in its place."""

    def demands_isolation(self, delivery: Delivery) -> bool | Wait:
        """Whether nothing may run beside reading it; Wait when that cannot be known now."""

    def read(self, delivery: Delivery) -> Work | Wait:
        """Read it, or say when to try again."""

    def finish(self) -> Wait | None:
        """There is nothing more to read for now; Wait when that cannot be written down yet."""


class QuarantineReader:
    """Reads everything that waits unread, in its order, on a thread of its own: it waits there until nothing runs."""

    def __init__(
        self, dispatcher: Dispatcher, reader: CarefulReader, clock: Clock, reached: Callable[[Step], None]
    ) -> None:
        self._dispatcher = dispatcher
        self._reader = reader
        self._clock = clock
        self._reached = reached

    def read_all(self) -> None:
        """Read all that waits. Once one had to be read alone, nothing begins before its mark is gone from the disk."""
        while (delivery := self._dispatcher.first_unread()) is not None:
            read = self._read(delivery)
            if isinstance(read, Wait):
                self._rest(read)
                continue
            self._reached(Step.DECODED)
            self._dispatcher.admit(delivery, Job(read))
            self._reached(Step.QUEUED)
        while (wait := self._reader.finish()) and not self._dispatcher.leaves:
            self._rest(wait)
        self._dispatcher.all_read()

    def _read(self, delivery: Delivery) -> Work | Wait:
        isolated = self._reader.demands_isolation(delivery)
        if isinstance(isolated, Wait):
            return isolated
        if isolated and not self._dispatcher.isolate_reading():
            return Wait(0.0)
        return self._reader.read(delivery)

    def _rest(self, wait: Wait) -> None:
        self._dispatcher.rest(min(_AGAIN_SECONDS, max(0.0, wait.until - self._clock.now())))

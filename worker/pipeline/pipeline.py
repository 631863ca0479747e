"""The way of a delivery, stage by stage. Read `stages.py` first: its table says what this does, and what failures mean.

Each stage ends by handing its run on; no stage waits for another. The methods stand in the order of the stages.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from messages.errors import Invalid, MessageError
from messages.results import Outcome
from worker.domain import dead_letters, endings, result_events, telemetry
from worker.domain.claims import Claim, Conflict, Crashed, Dead, Done, Fresh, Held, Quarantined, Resumed
from worker.domain.deliveries import Delivery, Destination, Outgoing
from worker.domain.endings import Closing, Deferral, Finished, Refusal
from worker.domain.ports import Clock, EventPublisher, Ledger, ParkingStore, Settlement
from worker.domain.work import (
    Kept,
    Parked,
    Publication,
    Quarantine,
    Requested,
    Settled,
    Step,
    Verdict,
    Wait,
    Work,
)
from worker.errors import Unpublishable
from worker.pipeline.attempt import AttemptRunner
from worker.pipeline.job import Job, Run, claim_of, envelope_of, work_of
from worker.pipeline.reading import Fingerprint, identifying
from worker.pipeline.stages import Response, Stage, response_to
from worker.pipeline.unpublished import UnpublishedRuns

#: How soon a stage is tried again that the ledger, or a lost claim, has stopped.
AGAIN_SECONDS = 1.0
#: The longest wait of one command that the ledger does not take; it doubles from the shortest.
LONGEST_BACK_OFF_SECONDS = 60.0
#: How soon a stage is tried again that an operator must mend. Each attempt to publish may cost the connection.
OPERATOR_SECONDS = 60.0
#: So many are remembered; beyond that they are leftovers, whose deliveries went to other workers.
MOST_UNCOUNTED = 1_000

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the stages use. `attempt_threads` runs what blocks: it takes a function, and returns at once."""

    ledger: Ledger
    parked: ParkingStore
    attempts: AttemptRunner
    attempt_threads: Callable[[Callable[[], None]], None]
    publisher: EventPublisher
    settlement: Settlement
    emit: telemetry.Emit


@dataclass(frozen=True, slots=True)
class RunningProgram:
    """The running program. `fingerprint` hashes with each secret key, the newest first; `reached` hears of each step.

    `read`: from a delivery to a command with its claim and its lanes, or to a refusal; never raises.
    """

    clock: Clock
    version: str
    read: Callable[[Delivery], Work]
    fingerprint: Fingerprint
    reached: Callable[[Step], None] = lambda _step: None


class Pipeline:
    """Runs jobs through the stages; called by many threads, never by two at once for one job.

    `ended` gets what became of each job's turn; `pause_intake` holds intake while the ledger is away, so many
    seconds and for that reason.
    """

    def __init__(
        self,
        rooms: Rooms,
        program: RunningProgram,
        unpublished: UnpublishedRuns,
        ended: Callable[[Job, Verdict], None],
        pause_intake: Callable[[float, str], None],
    ) -> None:
        self._rooms = rooms
        self._program = program
        self._clock = program.clock
        self._reached = program.reached
        self._unpublished = unpublished
        self._ended = ended
        self._pause_intake = pause_intake
        self._fault: BaseException | None = None
        self._uncounted: dict[str, Publication] = {}
        self._enter: dict[Stage, Callable[[Run], None]] = {
            Stage.FETCH: self._fetch,
            Stage.CLAIM: self._claim,
            Stage.RECORD: self._record,
            Stage.PUBLISH: self.publish,
            Stage.SETTLE: self._settle,
        }

    @property
    def alive(self) -> bool:
        """Whether no stage has failed for a fault of the worker's own; its job would never end."""
        return self._fault is None

    def start(self, job: Job) -> None:
        """Begin a job's turn, or go on with it at the stage where it failed. Returns at once."""
        run, job.pending = job.pending, None
        if run is None:
            work = job.work if isinstance(job.work, Work) else None
            stage = Stage.CLAIM if work else Stage.SETTLE if job.answered else Stage.FETCH
            run = Run(job, stage, self._clock.monotonic(), work)
        self._guarded(run, self._enter[run.stage])

    def _fetch(self, run: Run) -> None:
        self._rooms.attempt_threads(partial(self._guarded, run, self._fetch_now))

    def _fetch_now(self, run: Run) -> None:
        place = run.job.work
        if isinstance(place, Work):
            raise TypeError("only a parked command is fetched")
        delivery = self._rooms.parked.fetch(place.position)
        if delivery is None:
            # It was cleared meanwhile.
            self._ended(run.job, Settled(place.position))
        else:
            run.work = self._program.read(delivery)
            self._claim(run)

    def _claim(self, run: Run) -> None:
        # All that an earlier claim of it led to is void.
        run.stage, run.refusal, run.claim, run.result, run.is_unstorable = Stage.CLAIM, None, None, None, False
        delivery = work_of(run).delivery
        match work_of(run).content:
            case MessageError() as error:
                self._refuse(run, endings.refusal(delivery, error, self._marks(delivery), self._closing()))
            case Requested(request=request):
                asked = replace(request, alone=True) if run.job.quarantined else request
                self._then(run, self._rooms.ledger.claim_soon(asked), self._claimed)

    def _claimed(self, run: Run, claim: Claim) -> None:
        self._reached(Step.CLAIMED)
        delivery, envelope = work_of(run).delivery, envelope_of(run)
        match claim:
            case Fresh() | Resumed():
                run.claim, run.stage = claim, Stage.ATTEMPT
                self._rooms.attempt_threads(partial(self._guarded, run, self._attempt))
            case Crashed(token, history):
                run.claim = Resumed(token, history)
                self._attempted(run, endings.crash_loop(delivery, envelope, claim, self._closing()))
            case Done(event):
                self._publish(run, self._recall(run, Publication(event, None, Outcome.DUPLICATE)))
            case Dead(event, dead_letter):
                self._publish(run, self._recall(run, Publication(event, dead_letter, Outcome.DUPLICATE)))
            case Held(until):
                self._ended(run.job, Wait(until))
            case Quarantined(crashes):
                self._ended(run.job, Quarantine(crashes))
            case Conflict():
                self._refuse(run, endings.conflict(delivery, envelope, self._marks(delivery), self._closing()))

    def _refuse(self, run: Run, refusal: Refusal) -> None:
        # The ledger answers with the first refusal of this message: its repeat carries the same bytes.
        run.refusal = refusal
        self._then(run, self._rooms.ledger.refuse_soon(refusal), self._refused)

    def _refused(self, run: Run, kept: Refusal) -> None:
        self._reached(Step.RECORDED)
        detail = str(kept.dead_letter.headers.get("provisioning-detail", ""))
        self._publish(run, Publication(kept.event, kept.dead_letter, Outcome.FAILED, detail))

    def _attempt(self, run: Run) -> None:
        claim = claim_of(run)
        self._attempted(run, self._rooms.attempts.attempt(work_of(run), envelope_of(run), claim, self._closing))

    def _attempted(self, run: Run, result: Finished | Deferral) -> None:
        self._reached(Step.HANDLED)
        run.result = result
        self._record(run)

    def _record(self, run: Run) -> None:
        run.stage = Stage.RECORD
        token, ledger = claim_of(run).token, self._rooms.ledger
        match run.result:
            case Finished(ending=ending):
                self._then(run, ledger.record_soon(token, ending), self._recorded)
            case Deferral() as deferral:
                self._then(run, ledger.defer_soon(token, deferral), self._recorded)

    def _recorded(self, run: Run, _none: None) -> None:
        match run.result:
            case Finished(ending, outcome, detail):
                self._reached(Step.RECORDED)
                self._publish(
                    run, Publication(ending.event, ending.dead_letter, outcome, detail, ending.history.attempts)
                )
            case Deferral(not_before=not_before):
                self._ended(run.job, Wait(not_before))

    def _publish(self, run: Run, publication: Publication) -> None:
        run.publication = publication
        run.messages, run.confirmed = _messages(work_of(run).delivery, publication), 0
        self.publish(run)

    def publish(self, run: Run) -> None:
        """Publish what is not confirmed yet of a run's messages, one after the other, and settle it then."""
        run.stage = Stage.PUBLISH
        if run.confirmed < len(run.messages):
            message = run.messages[run.confirmed]
            answer = self._rooms.publisher.publish_soon(message)
            answer.add_done_callback(partial(self._published, run, message, self._clock.monotonic()))
            return
        self._reached(Step.EVENT_PUBLISHED)
        self._unpublished.remove(run)
        self._settle(run)

    def _published(self, run: Run, message: Outgoing, started: float, answer: Future[None]) -> None:
        failure = answer.exception()
        seconds = self._clock.monotonic() - started
        self._rooms.emit(telemetry.MessagePublished(message, seconds, failure is None))
        bare = dead_letters.bare(message, str(failure)) if isinstance(failure, Unpublishable) else None
        if failure is not None and bare is None:
            self._failed(run, failure)
            return
        if bare is not None:
            # Only the sender's own headers can be what the broker cannot take, and the body is what must not be lost.
            run.messages = tuple(bare if each is message else each for each in run.messages)
        else:
            run.confirmed += 1
            if message.destination is Destination.DEAD_LETTERS:
                self._reached(Step.DEAD_LETTER_PUBLISHED)
        self._guarded(run, self.publish)

    def _settle(self, run: Run) -> None:
        run.stage = Stage.SETTLE
        place = run.job.work
        if isinstance(place, Parked) and not run.job.is_lost:
            position = place.position
            self._then(run, self._rooms.parked.clear_soon(position), lambda run, _none: self._settled(run, position))
            return
        if isinstance(place, Work):
            self._rooms.settlement.ack(place.delivery.receipt)
        # A parked one that was released meanwhile is answered again by the process that adopts it, with the same bytes.
        self._settled(run, None)

    def _settled(self, run: Run, position: int | None) -> None:
        self._reached(Step.SETTLED)
        done = run.publication
        if done is not None:
            self._uncounted.pop(done.event.id if done.event else "", None)
            seconds = self._clock.monotonic() - run.started_at
            # The machine's own time, which may go back: people compare it with what other machines say.
            self._rooms.emit(telemetry.settled(work_of(run), done, seconds, time.time()))
        self._ended(run.job, Settled(position))

    def _then(self, run: Run, answer: Future[Answer], go_on: Callable[[Run, Answer], None]) -> None:
        """Go on with the run once the answer is there, or do what the table says of its failure."""

        def answered(answer: Future[Answer]) -> None:
            failure = answer.exception()
            if failure is None:
                self._guarded(run, lambda run: go_on(run, answer.result()))
            else:
                self._failed(run, failure)

        answer.add_done_callback(answered)

    def _guarded(self, run: Run, step: Callable[[Run], None]) -> None:
        try:
            step(run)
        except Exception as failure:  # noqa: BLE001 - in a future's callback it would be swallowed
            self._failed(run, failure)

    def _failed(self, run: Run, failure: BaseException) -> None:
        """Do what the table says of a failure. Never raises: a future would swallow it, and the job would never end."""
        try:
            self._respond(run, failure)
        except Exception as bug:  # noqa: BLE001 - see above
            self._crashed(run, bug)

    def _crashed(self, run: Run, bug: BaseException) -> None:
        # The process ends for it, and in the next one this command runs quarantined.
        self._fault = bug
        self._rooms.emit(telemetry.HandlerCrashed(run.work, bug))

    def _respond(self, run: Run, failure: BaseException) -> None:
        deferral = run.result if run.stage is Stage.RECORD and isinstance(run.result, Deferral) else None
        match response_to(run.stage, failure):
            case Response.CLAIM_ANEW:
                self._try_again(run, Stage.CLAIM, AGAIN_SECONDS)
            case Response.PAUSE | Response.BACK_OFF | Response.REFUSE if deferral is not None:
                # Its wait must be kept though it is not written down: the provider may be applying the call right now.
                self._ended(run.job, Wait(deferral.not_before, quarantined=run.job.quarantined))
            case Response.PAUSE:
                self._pause_intake(AGAIN_SECONDS, str(failure))
                self._try_again(run, run.stage, AGAIN_SECONDS, quarantined=run.job.quarantined)
            case Response.BACK_OFF:
                self._back_off(run, str(failure))
            case Response.REFUSE:
                self._refuse_unstorable(run, str(failure))
            case Response.KEEP:
                self._unpublished.keep(run, str(failure))
                self._ended(run.job, Kept())
            case Response.WAIT_FOR_OPERATOR:
                self._wait_for_operator(run, failure)
            case None:
                self._crashed(run, failure)

    def _try_again(self, run: Run, stage: Stage, seconds: float, *, quarantined: bool = False) -> None:
        # A call may be under way, or not: only a new claim can say what an attempt that broke off is to do.
        run.stage = Stage.CLAIM if stage is Stage.ATTEMPT else stage
        run.job.pending = run
        self._ended(run.job, Wait(self._clock.now() + seconds, quarantined))

    def _back_off(self, run: Run, detail: str) -> None:
        """Let it wait by itself: never as one before which nothing else may run, since it may wait for ever."""
        times, run.job.refused = run.job.refused, run.job.refused + 1
        if not times:
            self._rooms.emit(telemetry.CommandNotTaken(detail))
        self._try_again(run, run.stage, min(AGAIN_SECONDS * 2.0 ** min(times, 6), LONGEST_BACK_OFF_SECONDS))

    def _refuse_unstorable(self, run: Run, why: str) -> None:
        """End it with what the ledger can hold, since what it is would be refused each time."""
        work = work_of(run)
        if run.refusal is not None:
            # It must be answered all the same: a repeat gets the same ids, and a later time.
            self._refused(run, run.refusal)
        elif run.stage is Stage.CLAIM:
            run.work = replace(work, content=Invalid([why], result_events.name_of(envelope_of(run))))
            self._claim(run)
        elif run.is_unstorable or run.claim is None:
            self._back_off(run, why)
        else:
            run.is_unstorable = True
            history = run.claim.history
            run.result = endings.unstorable(work.delivery, envelope_of(run), history, why, self._closing())
            self._record(run)

    def _wait_for_operator(self, run: Run, failure: BaseException) -> None:
        if isinstance(failure, Unpublishable) and run.publication is not None:
            self._unpublished.remove(run)
            self._rooms.emit(telemetry.CommandUnpublishable(work_of(run), str(failure)))
            # With the sender's headers again: once an operator has raised the limit, the broker may take all of it.
            rest = _messages(work_of(run).delivery, run.publication)[run.confirmed :]
            run.messages = (*run.messages[: run.confirmed], *rest)
            self._remember(run.publication)
        else:
            self._rooms.emit(telemetry.ParkedCommandUnsealable(str(failure)))
        self._try_again(run, run.stage, OPERATOR_SECONDS)

    def _remember(self, publication: Publication) -> None:
        """Remember how a command counts that may lose its connection before what it waits for is mended."""
        if publication.event is not None and publication.outcome is not Outcome.DUPLICATE:
            if len(self._uncounted) >= MOST_UNCOUNTED:
                self._uncounted.clear()
            self._uncounted[publication.event.id] = publication

    def _recall(self, run: Run, repeat: Publication) -> Publication:
        """How a command counts that has ended before: as what it did where only its publication was missing."""
        event_id = repeat.event.id if repeat.event else ""
        delivery = work_of(run).delivery
        same = delivery.redelivered or delivery.receipt.position is not None
        # The sender's own repeat is one, whatever became of the first delivery.
        return self._uncounted.pop(event_id, repeat) if same else repeat

    def _marks(self, delivery: Delivery) -> Sequence[bytes]:
        return self._program.fingerprint("refused", None, identifying(delivery))

    def _closing(self) -> Closing:
        return Closing(self._clock.now(), self._program.version)


def _messages(delivery: Delivery, publication: Publication) -> tuple[Outgoing, ...]:
    dead_letter = [dead_letters.outgoing(delivery, publication.dead_letter)] if publication.dead_letter else []
    event = [result_events.outgoing(publication.event)] if publication.event else []
    return (*dead_letter, *event)

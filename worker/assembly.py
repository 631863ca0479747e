"""Builds every room once, from the settings, and connects them. Nothing here starts anything but the ledger."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import structlog

from worker.broker.address import Role
from worker.broker.consume.consumer import Consumer, Subscription
from worker.broker.publish.publisher import Publisher
from worker.broker.topology.model import Topology
from worker.broker.topology.survey import Mode
from worker.clock import SystemClock
from worker.domain.deliveries import Delivery
from worker.domain.retry_policy import RetryPolicy
from worker.domain.telemetry import Emit, SettingsNotReadAgain
from worker.domain.work import Step
from worker.errors import SettingsInvalid
from worker.from_settings import (
    broker_address,
    configured_keys,
    ledger_identity,
    login_in,
    provider_config,
)
from worker.handlers import Handlers
from worker.intake.causes import PauseCause, PausePolicy
from worker.intake.gate import IntakeGate, pause_for_ledger
from worker.intake.sharing import Sharing
from worker.ledger.config import LedgerConfig
from worker.ledger.keyfile import load_keys
from worker.ledger.keys import Fingerprinter, cipher, fingerprinter
from worker.ledger.parking_store import SqlParkingStore
from worker.ledger.pruning.pruner import HourlyPruning
from worker.ledger.sql_ledger import SqlLedger
from worker.pipeline.attempt import AttemptRunner, RetryContext, ThreadPool
from worker.pipeline.parking import Parking, Window
from worker.pipeline.pipeline import Pipeline, Rooms, RunningProgram
from worker.pipeline.reading import (
    MarkedReader,
    QuarantineReader,
    crash_mark_content,
    read_and_warn,
)
from worker.pipeline.scheduling.dispatcher import Dispatcher, Stages
from worker.pipeline.scheduling.timer import Timer
from worker.pipeline.scheduling.window import HoldWindow
from worker.pipeline.unpublished import UnpublishedRuns
from worker.provider.calls import login_of
from worker.provider.client import ProviderClient
from worker.provider.config import Login
from worker.settings import Settings
from worker.telemetry.logs import LineWriter, subject_writer
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder

Log = structlog.typing.FilteringBoundLogger

#: While one command of a slot is claimed, recorded or published, another one's call is made.
_SLOTS_PER_CALL = 2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the program is given beside its settings.

    `reload` reads the settings again, for a password that was changed in its file. `reached` hears of every step, for
    tests that break it there. `lines` writes what `log` is given, and runs from before the start until after the stop.
    """

    ledger_url: str
    reload: Callable[[], Settings]
    log: Log
    lines: LineWriter
    reached: Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """Every part of the program, built and not started."""

    metrics: Metrics
    emit: Emit
    ledger: SqlLedger
    pruning: HourlyPruning
    provider: ProviderClient
    publisher: Publisher
    consumer: Consumer
    attempt_threads: ThreadPool
    reading_thread: ThreadPool
    pipeline: Pipeline
    dispatcher: Dispatcher
    stages: Stages
    pause: IntakeGate
    sharing: Sharing
    timer: Timer
    window: HoldWindow
    parking: Parking


@dataclass(frozen=True, slots=True)
class _Foundation:
    """What several rooms rest on."""

    settings: Settings
    around: Surroundings
    clock: SystemClock
    metrics: Metrics
    emit: Emit


@dataclass(frozen=True, slots=True)
class _Books:
    """The opened ledger, the parking store in it, and how commands are marked there."""

    ledger: SqlLedger
    parking_store: SqlParkingStore
    marks: Fingerprinter


def assemble(settings: Settings, around: Surroundings) -> Parts:
    """Build it. Raises SettingsInvalid, LedgerRefused or LedgerUnavailable."""
    metrics = Metrics(version("provisioning-worker"))
    recorder = Recorder(metrics, around.log, subject_writer(settings.log.subjects))
    base = _Foundation(settings, around, SystemClock(), metrics, recorder.emit)
    keys = load_keys(configured_keys(settings), around.ledger_url)
    marks = fingerprinter(keys)
    ledger = _open_ledger(base, marks)
    return _connect(base, _Books(ledger, ledger.parking_store(cipher(keys)), marks))


def _connect(base: _Foundation, books: _Books) -> Parts:
    settings, clock, ledger = base.settings, base.clock, books.ledger
    slots = settings.worker.concurrency * _SLOTS_PER_CALL
    timer = Timer(clock)
    dispatcher = Dispatcher(slots, clock, timer)
    policy = PausePolicy(settings.pause.probe_seconds, threads=slots)
    provider, pause = _provider(base, ledger, policy, dispatcher)
    ledger.watch(partial(pause_for_ledger, pause.hold, timer.after))
    publisher, consumer = _broker(base, dispatcher)
    context = RetryContext(_retry_policy(settings), pause, waited=provider.waited_seconds)
    # As many as calls, so that none waits for another one's: who waits for a place is overtaken by all that come later.
    threads = ThreadPool("attempt", settings.worker.concurrency)
    attempts = AttemptRunner(Handlers(provider, ledger), context, base.emit, clock)
    rooms = Rooms(ledger, books.parking_store, attempts, threads.submit, publisher, consumer, base.emit)
    unpublished = UnpublishedRuns(pause, timer.after)
    publisher.watch(unpublished.hindered)
    pipeline, stages, reading = _pipeline(base, books, rooms, dispatcher, unpublished, pause)
    _watch(base, dispatcher, publisher)
    return Parts(
        metrics=base.metrics,
        emit=base.emit,
        ledger=ledger,
        pruning=HourlyPruning(ledger.prune, base.emit),
        provider=provider,
        publisher=publisher,
        consumer=consumer,
        attempt_threads=threads,
        reading_thread=reading,
        pipeline=pipeline,
        dispatcher=dispatcher,
        stages=stages,
        pause=pause,
        sharing=Sharing(pause, ledger, base.emit, clock, settings.pause.probe_seconds),
        timer=timer,
        window=HoldWindow(dispatcher, consumer.give_back, settings.amqp.hold_seconds, timer),
        parking=_parking(base, books.parking_store, dispatcher, consumer, publisher),
    )


def _watch(base: _Foundation, dispatcher: Dispatcher, publisher: Publisher) -> None:
    """Let the gauges ask for what is counted nowhere else."""
    base.metrics.watch_log(lambda: base.around.lines.dropped)
    base.metrics.watch(lambda: dispatcher.running, lambda: dispatcher.held, lambda: dispatcher.parked)
    base.metrics.watch_queues(
        [queue.name for queue in Topology(base.settings.amqp.prefix).queues],
        lambda queue: float(publisher.depths.get(queue, math.nan)),
    )


def _pipeline(
    base: _Foundation,
    books: _Books,
    rooms: Rooms,
    dispatcher: Dispatcher,
    unpublished: UnpublishedRuns,
    pause: IntakeGate,
) -> tuple[Pipeline, Stages, ThreadPool]:
    """The stages behind the scheduler, how it reaches them, and the thread that reads what waits unread."""
    reached, clock, release = base.around.reached, base.clock, version("provisioning-worker")
    fingerprint = books.marks.fingerprints
    read = partial(read_and_warn, fingerprint=fingerprint, login_of=login_of, emit=base.emit)
    program = RunningProgram(clock, release, read, fingerprint, reached)

    def mark_of(delivery: Delivery) -> bytes:
        # The version is part of the mark: what ended an older program gets a new chance with the next one.
        return fingerprint("read by", release, crash_mark_content(delivery))[0]

    def pause_intake(seconds: float, detail: str) -> None:
        pause.hold(PauseCause.LEDGER, seconds, detail)

    pipeline = Pipeline(rooms, program, unpublished, dispatcher.ended, pause_intake)
    unpublished.start(pipeline.publish)
    marked = MarkedReader(read, mark_of, books.ledger, pause_intake, clock)
    unread = QuarantineReader(dispatcher, marked, clock, reached)
    reading = ThreadPool("reading", 1)
    read_unread = partial(reading.submit, unread.read_all)
    return pipeline, Stages(read, pipeline.start, read_unread, marked.must_be_marked, reached), reading


def _parking(
    base: _Foundation, parking_store: SqlParkingStore, dispatcher: Dispatcher, consumer: Consumer, publisher: Publisher
) -> Parking:
    def connected() -> bool:
        return consumer.state.connected and publisher.state.connected

    window = Window(base.settings.amqp.prefetch, consumer.ack, connected)
    return Parking(dispatcher, parking_store, window, base.emit, base.around.reached)


def _provider(
    base: _Foundation, ledger: SqlLedger, policy: PausePolicy, dispatcher: Dispatcher
) -> tuple[ProviderClient, IntakeGate]:
    """The client, and the pause that its calls bring about and its probe ends: each needs the other."""
    provider = ProviderClient(
        provider_config(base.settings, base.settings.worker.concurrency),
        ledger.lease_holds,
        base.emit,
        read_login=lambda: _login_again(base),
        exhausted=lambda seconds: pause.exhausted(seconds),  # noqa: PLW0108 - the pause is made below, from this client
    )
    pause = IntakeGate(provider.probes(), policy, base.clock, dispatcher.allow, base.emit)
    return provider, pause


def _broker(base: _Foundation, dispatcher: Dispatcher) -> tuple[Publisher, Consumer]:
    amqp = base.settings.amqp
    topology = Topology(amqp.prefix)
    mode = Mode.APPLY if amqp.declare else Mode.LOOK
    subscription = Subscription(topology, topology.command_queues, amqp.prefetch, mode, Role.CONSUME)
    return (
        Publisher(lambda: broker_address(base.around.reload()), topology, base.emit, mode),
        Consumer(lambda: broker_address(base.around.reload()), subscription, dispatcher, base.emit),
    )


def _open_ledger(base: _Foundation, marks: Fingerprinter) -> SqlLedger:
    settings = base.settings
    config = LedgerConfig(
        url=base.around.ledger_url,
        settle_seconds=settings.provider.settle_seconds,
        keep_days=settings.ledger.keep_days,
    )
    return SqlLedger.open(config, ledger_identity(settings, marks), base.clock, base.emit)


def _login_again(base: _Foundation) -> Login:
    """The login as it is set now; the one we had while what is set cannot be read."""
    try:
        return login_in(base.around.reload())
    except SettingsInvalid as fault:
        base.emit(SettingsNotReadAgain(str(fault)))
        return login_in(base.settings)


def _retry_policy(settings: Settings) -> RetryPolicy:
    """How often, and for how long, a failed call is tried again."""
    retry = settings.retry
    return RetryPolicy(
        max_attempts=retry.max_attempts,
        window_seconds=retry.window_seconds,
        base_seconds=retry.base_seconds,
        cap_seconds=retry.cap_seconds,
        settle_seconds=settings.provider.settle_seconds,
    )

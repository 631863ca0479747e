"""Builds every room once, from the settings, and connects them. Nothing here starts anything but the ledger."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import structlog

from worker.broker.address import Role
from worker.broker.consumer import Consumer, Subscription
from worker.broker.findings import Mode
from worker.broker.publisher import Publisher
from worker.broker.topology import Topology
from worker.clock import SystemClock
from worker.domain.work import Step
from worker.errors import ProviderLogin, SettingsInvalid
from worker.flow.alone.careful import CarefulReader, Eyes
from worker.flow.dispatcher import Dispatcher, Stages
from worker.flow.guarded import Guarded, LedgerPause
from worker.flow.later import Later
from worker.flow.lightened import Lightened
from worker.flow.parking import Parking, Yard
from worker.flow.pausing.causes import PausePolicy
from worker.flow.pausing.pause import Pause
from worker.flow.pausing.sharing import Sharing
from worker.flow.telling import Telling
from worker.flow.unparking import Answers, TakingUp, Unparking
from worker.flow.window import HoldWindow
from worker.from_settings import (
    broker_address,
    configured_keys,
    ledger_identity,
    login_in,
    provider_config,
    retry_policy,
)
from worker.handlers import Handlers
from worker.handlers.trying import Judgement, Trying
from worker.ledger.config import LedgerConfig
from worker.ledger.keyfile import load_keys
from worker.ledger.keys import Fingerprinter, cipher, fingerprinter
from worker.ledger.lot import SqlParkingLot
from worker.ledger.pruning.schedule import HourlyPruning
from worker.ledger.sql_ledger import SqlLedger
from worker.process import Process, Rooms, decode, leave_unread, whole
from worker.provider.client import ProviderClient
from worker.provider.config import Login
from worker.settings import Settings
from worker.telemetry.emitters import EmitterWatcher
from worker.telemetry.logs import subject_writer
from worker.telemetry.metrics import Metrics
from worker.telemetry.observers import BrokerWatcher, LedgerWatcher, ParkingWatcher, PauseWatcher, PruneWatcher
from worker.telemetry.publishing import MeasuredPublisher
from worker.telemetry.recorder import Recorder

Log = structlog.typing.FilteringBoundLogger

#: A handler thread also waits for the ledger and the confirm; with twice as many the provider is never left waiting.
_THREADS_PER_CALL = 2


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the program is given beside its settings.

    `reload` reads the settings again, for a password that was changed in its file. `reached` hears of every step, for
    tests that break it there. `log_lines_dropped` counts what the log's reader did not take.
    """

    ledger_url: str
    reload: Callable[[], Settings]
    log: Log
    reached: Callable[[Step], None]
    log_lines_dropped: Callable[[], float] = lambda: 0


@dataclass(frozen=True, slots=True)
class Parts:
    """The built house."""

    metrics: Metrics
    ledger: SqlLedger
    pruning: HourlyPruning
    provider: ProviderClient
    publisher: Publisher
    consumer: Consumer
    dispatcher: Dispatcher
    stages: Stages
    pause: Pause
    sharing: Sharing
    later: Later
    window: HoldWindow
    parking: Parking


@dataclass(frozen=True, slots=True)
class _Foundation:
    """What several rooms rest on."""

    settings: Settings
    around: Surroundings
    clock: SystemClock
    metrics: Metrics
    recorder: Recorder


@dataclass(frozen=True, slots=True)
class _Books:
    """The opened ledger, the lot in it, and how commands are marked there."""

    ledger: SqlLedger
    lot: SqlParkingLot
    marks: Fingerprinter


def assemble(settings: Settings, around: Surroundings) -> Parts:
    """Build it. Raises SettingsInvalid, LedgerRefused or LedgerUnavailable."""
    metrics = Metrics(version("provisioning-worker"))
    recorder = Recorder(metrics, around.log, subject_writer(settings.log.subjects))
    base = _Foundation(settings, around, SystemClock(), metrics, recorder)
    keys = load_keys(configured_keys(settings), around.ledger_url)
    marks = fingerprinter(keys)
    ledger = _open_ledger(base, marks)
    return _connect(base, _Books(ledger, ledger.lot(cipher(keys)), marks))


def _connect(base: _Foundation, books: _Books) -> Parts:
    settings, clock, ledger = base.settings, base.clock, books.ledger
    threads = settings.worker.concurrency * _THREADS_PER_CALL
    later = Later(clock)
    dispatcher = Dispatcher(threads, clock, later)
    watcher = PauseWatcher(base.metrics, base.around.log, names_customers=settings.log.subjects == "plain")
    policy = PausePolicy(settings.pause.probe_seconds, threads=threads)
    provider, pause = _provider(base, ledger, policy, dispatcher, watcher)
    ledger.watch(LedgerPause(pause.hold, later.after))
    publisher, consumer = _broker(base, dispatcher)
    judgement = Judgement(retry_policy(settings), pause, waited=provider.waited_seconds)
    trying = Trying(Handlers(provider, ledger), judgement, base.recorder, clock)
    telling = _telling(base, publisher, consumer, pause, later)
    rooms = Rooms(ledger, trying, telling, Answers(consumer, books.lot), base.recorder)
    release = version("provisioning-worker")
    process = Process(rooms, clock, release, base.around.reached, partial(books.marks.fingerprints, "refused", None))
    base.metrics.watch_log(base.around.log_lines_dropped)
    base.metrics.watch(lambda: dispatcher.running, lambda: dispatcher.held, lambda: dispatcher.parked)
    base.metrics.watch_queues(
        [queue.name for queue in Topology(settings.amqp.prefix).queues],
        lambda queue: float(publisher.depths.get(queue, math.nan)),
    )
    return Parts(
        metrics=base.metrics,
        ledger=ledger,
        pruning=HourlyPruning(ledger.prune, PruneWatcher(base.around.log)),
        provider=provider,
        publisher=publisher,
        consumer=consumer,
        dispatcher=dispatcher,
        stages=_stages(base, books, process, pause),
        pause=pause,
        sharing=Sharing(pause, ledger, watcher, clock, settings.pause.probe_seconds),
        later=later,
        window=HoldWindow(dispatcher, consumer.give_back, settings.amqp.hold_seconds, later),
        parking=_parking(base, books.lot, dispatcher, consumer, publisher),
    )


def _telling(base: _Foundation, publisher: Publisher, consumer: Consumer, pause: Pause, later: Later) -> Telling:
    lightened = Lightened(MeasuredPublisher(publisher, base.metrics))
    telling = Telling(lightened, pause, later.after, epoch=lambda: consumer.epoch)
    publisher.watch(telling)
    return telling


def _parking(
    base: _Foundation, lot: SqlParkingLot, dispatcher: Dispatcher, consumer: Consumer, publisher: Publisher
) -> Parking:
    def connected() -> bool:
        return consumer.state.connected and publisher.state.connected

    yard = Yard(dispatcher, consumer.ack, lot, base.settings.amqp.prefetch, connected, base.around.reached)
    return Parking(yard, ParkingWatcher(base.around.log))


def _stages(base: _Foundation, books: _Books, process: Process, pause: Pause) -> Stages:
    eyes = _eyes(books.marks, EmitterWatcher(base.metrics, base.around.log))
    watcher = ParkingWatcher(base.around.log)
    taking_up = TakingUp(eyes.read, process.run, watcher.unsealable)
    return Stages(
        read=eyes.read,
        run=Guarded(Unparking(taking_up, books.lot, base.clock).run, pause, base.clock, watcher.not_taken).run,
        reached=base.around.reached,
        careful=CarefulReader(eyes, books.ledger, pause, base.clock),
    )


def _eyes(marks: Fingerprinter, emitters: EmitterWatcher) -> Eyes:
    # The version is part of the mark: what ended an older program gets a new chance with the next one.
    release = version("provisioning-worker")
    return Eyes(
        read=lambda delivery: emitters.arrived(decode(delivery, marks.fingerprints)),
        mark=lambda delivery: marks.fingerprints("read by", release, whole(delivery))[0],
        leave_unread=leave_unread,
    )


def _provider(
    base: _Foundation, ledger: SqlLedger, policy: PausePolicy, dispatcher: Dispatcher, watcher: PauseWatcher
) -> tuple[ProviderClient, Pause]:
    """The client, and the pause that its calls bring about and its probe ends: each needs the other."""
    provider = ProviderClient(
        provider_config(base.settings, base.settings.worker.concurrency),
        ledger.lease_holds,
        base.recorder.called,
        read_login=lambda: _login_again(base.settings, base.around),
        exhausted=lambda seconds: pause.exhausted(seconds),  # noqa: PLW0108 - the pause is made below, from this client
    )
    probes = {ProviderLogin.V2: provider.probe, ProviderLogin.V3: provider.probe_v3}
    pause = Pause(probes, policy, base.clock, dispatcher.allow, watcher)
    return provider, pause


def _broker(base: _Foundation, dispatcher: Dispatcher) -> tuple[Publisher, Consumer]:
    amqp = base.settings.amqp
    topology = Topology(amqp.prefix)
    mode = Mode.APPLY if amqp.declare else Mode.LOOK
    watcher = BrokerWatcher(base.metrics, base.around.log)
    subscription = Subscription(topology, topology.command_queues, amqp.prefetch, mode, Role.CONSUME)
    return (
        Publisher(lambda: broker_address(base.around.reload()), topology, watcher, mode),
        Consumer(lambda: broker_address(base.around.reload()), subscription, dispatcher, watcher),
    )


def _open_ledger(base: _Foundation, marks: Fingerprinter) -> SqlLedger:
    settings = base.settings
    config = LedgerConfig(
        url=base.around.ledger_url,
        settle_seconds=settings.provider.settle_seconds,
        keep_days=settings.ledger.keep_days,
    )
    return SqlLedger.open(config, ledger_identity(settings, marks), base.clock, LedgerWatcher(base.metrics))


def _login_again(settings: Settings, around: Surroundings) -> Login:
    """The login as it is set now; the one we had while what is set cannot be read."""
    try:
        return login_in(around.reload())
    except SettingsInvalid as fault:
        around.log.warning("settings_not_read_again", detail=str(fault))
        return login_in(settings)

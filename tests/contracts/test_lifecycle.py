"""What every part obeys that has threads of its own, and that no such part is missing here."""

import ast
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, Self, cast

import pytest
from prometheus_client import CollectorRegistry

from tests.architecture.test_conventions import modules, tree
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.parking import FakeParkingStore
from tests.support.ledger_opening import SystemClock, url_in
from tests.support.ledger_samples import IDENTITY
from tests.support.threads import running_threads
from tests.support.waiting import wait_for
from worker.broker.address import BrokerAddress
from worker.broker.consume.consumer import Consumer, Subscription
from worker.broker.consume.listener import ExchangeListener, PublishedMessage
from worker.broker.publish.publisher import Publisher
from worker.broker.topology.model import Topology
from worker.cli.commands.send.results import Results
from worker.domain.ports import Intake
from worker.domain.telemetry import discard_event
from worker.errors import OutcomeUnknown, ProviderLogin
from worker.intake.causes import PausePolicy
from worker.intake.gate import IntakeGate
from worker.intake.sharing import PauseNote, PauseNotes, Sharing
from worker.ledger.config import LedgerConfig
from worker.ledger.pruning.pruner import HourlyPruning, Pruned, Rest, Schedule
from worker.ledger.sql_ledger import SqlLedger
from worker.ledger.stores.opening import open_store
from worker.ledger.write.connection import WriterProgress
from worker.ledger.write.watchdog import Watchdog
from worker.ledger.write.writer import AnyTicket, Writer
from worker.lifecycle import Part
from worker.pipeline.attempt import ThreadPool
from worker.pipeline.parking import Parking, Window
from worker.pipeline.scheduling.dispatcher import Dispatcher
from worker.pipeline.scheduling.timer import Timer
from worker.telemetry.health import HealthServer, Questions, State
from worker.telemetry.logs import LineWriter

SOON = 0.01
#: Threads that belong to no part of the worker, and what ends each.
ELSEWHERE = {
    "RepeatingPart": "what parts with one look are made of: each of these is under the contract",
    "within": "a question of `doctor`, which waits for its answer with a limit",
    "ManagementApi": "the deadline of one question of `doctor`",
    "_stop_on_signals": "waits for a signal as long as the process lives",
    "BoundedServer": "one for each connection to the health server, none of which outlives its deadline",
}


class Fault:
    """Something that each loop calls; it ends the thread it is called on once it is armed."""

    def __init__(self) -> None:
        self.armed = False

    def __call__(self, *_: object) -> None:
        """Raise what no loop may catch and go on."""
        if self.armed and threading.current_thread() is not threading.main_thread():
            raise SystemExit


class Case(NamedTuple):
    """A part, the class that makes its threads, and what leads its loop to the fault."""

    makes_threads: str
    build: Callable[[Fault, Path], Part]
    poke: Callable[[Any, Fault], object] = lambda _part, _fault: None


class _Commits:
    """Settles nothing."""

    away = False

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def settle(self, _batch: Sequence[AnyTicket]) -> None:
        self._fault()

    def leave(self) -> None: ...


class _Watched:
    """A writer that never waits."""

    name, on_outage = "ledger", None

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    @property
    def progress(self) -> WriterProgress:
        self._fault()
        return WriterProgress()

    def break_off(self) -> None: ...


class _Notes:
    """No pause was written down."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def save_pause(self, cause: str, scope: str, until: float | None, detail: str) -> None: ...
    def clear_pause(self, cause: str, scope: str) -> None: ...

    def pauses(self) -> Sequence[PauseNote]:
        self._fault()
        return []


class _Clock(SystemClock):
    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def monotonic(self) -> float:
        self._fault()
        return super().monotonic()


class _Stream(io.StringIO):
    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._fault = fault

    def write(self, text: str) -> int:
        self._fault()
        return super().write(text)


class _Hears:
    """A listener to which nobody says anything."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...
    def bind(self, key: str) -> None: ...

    def receive(self, _seconds: float) -> Iterator[PublishedMessage | None]:
        silence = threading.Event()
        while not silence.wait(SOON):
            self._fault()
            yield None


def address(fault: Fault) -> Callable[[], BrokerAddress]:
    """Where no broker is: a loop dials again and again."""

    def asked() -> BrokerAddress:
        fault()
        return BrokerAddress("amqp://127.0.0.1:1/")

    return asked


def consumer(fault: Fault, _: Path) -> Part:
    topology = Topology("lifecycle")
    intake = cast("Intake", SimpleNamespace(lost=fault))
    return Consumer(address(fault), Subscription(topology, topology.command_queues, 1), intake, discard_event)


def publisher(fault: Fault, _: Path) -> Part:
    return Publisher(address(fault), Topology("lifecycle"), discard_event)


def gate(fault: Fault, _: Path) -> IntakeGate:
    probes = dict.fromkeys(ProviderLogin, fault)
    return IntakeGate(probes, PausePolicy(SOON), SystemClock(), lambda _login, _running: None, discard_event)


def fail_a_call(part: IntakeGate, _: Fault) -> None:
    part.failed("customer:1", OutcomeUnknown("no answer"), ProviderLogin.V2)


def sharing(fault: Fault, folder: Path) -> Part:
    return Sharing(gate(Fault(), folder), cast("PauseNotes", _Notes(fault)), discard_event, SystemClock(), SOON)


def parking(fault: Fault, _: Path) -> Part:
    def connected() -> bool:
        fault()
        return False

    clock = FakeClock()
    dispatcher = Dispatcher(1, clock, Timer(clock))
    return Parking(dispatcher, FakeParkingStore(FakeLedger(clock)), Window(1, lambda _: None, connected), discard_event)


def pruning(fault: Fault, _: Path) -> Part:
    def prune(_rest: Rest) -> Pruned:
        fault()
        return Pruned(0, 0, whole=True)

    return HourlyPruning(prune, discard_event, Schedule(SOON, SOON))


def ledger(fault: Fault, folder: Path) -> Part:
    config = LedgerConfig(url_in(folder), settle_seconds=0, keep_days=90, lease_seconds=3 * SOON)
    SqlLedger.open(config, IDENTITY, SystemClock(), discard_event).stop()
    return SqlLedger(open_store(config.url), config, _Clock(fault), discard_event)


def health(fault: Fault, _: Path) -> Part:
    def well() -> State:
        return State(True, {})

    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), Questions(well, well))
    server._server.service_actions = fault  # type: ignore[method-assign]  # what the library's loop calls each time
    return server


CASES = {
    "timer": Case("Timer", lambda _fault, _: Timer(SystemClock()), lambda part, fault: part.after(0.0, fault)),
    "thread pool": Case(
        "ThreadPool", lambda _fault, _: ThreadPool("attempt", 3), lambda part, fault: part.submit(fault)
    ),
    "parking": Case("Parking", parking),
    "pruning": Case("HourlyPruning", pruning),
    "writer": Case("Writer", lambda fault, _: Writer(_Commits(fault), SOON)),
    "watchdog": Case("Watchdog", lambda fault, _: Watchdog(_Watched(fault))),
    "ledger": Case("Writer", ledger),
    "consumer": Case("BrokerLoop", consumer),
    "publisher": Case("BrokerLoop", publisher),
    "intake gate": Case("IntakeGate", gate, fail_a_call),
    "sharing": Case("Sharing", sharing),
    "health": Case("HealthServer", health),
    "log": Case("LineWriter", lambda fault, _: LineWriter(_Stream(fault)), lambda part, _: part.msg("a line")),
    "results": Case("Results", lambda fault, _: Results(cast("ExchangeListener", _Hears(fault)))),
}


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.ledger.write.watchdog._LOOK_SECONDS", SOON)
    monkeypatch.setattr("worker.pipeline.parking._LOOK_SECONDS", SOON)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def fault() -> Fault:
    return Fault()


@pytest.fixture
def part(case: Case, fault: Fault, tmp_path: Path) -> Iterator[Part]:
    before = running_threads()
    part = case.build(fault, tmp_path)
    yield part
    part.stop()
    assert running_threads() <= before, "a thread is left"


def test_it_runs_when_start_returns_and_does_not_after_stop(part: Part) -> None:
    assert not part.alive

    part.start()
    assert part.alive

    part.stop()
    assert not part.alive


def test_stopping_it_again_is_harmless(part: Part) -> None:
    part.start()

    part.stop()
    part.stop()

    assert not part.alive


def test_stopping_it_before_it_was_started_is_harmless(part: Part) -> None:
    part.stop()
    part.stop()

    assert not part.alive


# pytest hears of a thread's end before threading does, which keeps silent about this one.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_it_is_not_alive_once_a_thread_of_it_has_died(part: Part, case: Case, fault: Fault) -> None:
    part.start()
    fault.armed = True
    case.poke(part, fault)

    wait_for(lambda: not part.alive, "the part to be seen dead")


def makes_threads(node: ast.AST) -> bool:
    """Whether this itself makes a thread, or is a class whose library makes some."""
    match node:
        case ast.ClassDef(bases=bases):
            return any(ast.unparse(base).endswith(("Thread", "ThreadingMixIn", "RepeatingPart")) for base in bases)
        case ast.Call(func=called):
            return ast.unparse(called) in {"Thread", "threading.Thread", "threading.Timer", "ThreadPoolExecutor"}
        case _:
            return False


def owners_of_threads() -> Iterator[str]:
    """The classes of the worker, and the functions outside of classes, that make threads."""
    for path in modules("messages", "worker"):
        for owner in tree(path).body:
            if isinstance(owner, ast.ClassDef | ast.FunctionDef) and any(map(makes_threads, ast.walk(owner))):
                yield owner.name


def test_whatever_makes_a_thread_is_a_part_under_this_contract() -> None:
    found = set(owners_of_threads())

    assert "ThreadPool" in found
    assert found == {each.makes_threads for each in CASES.values()} | ELSEWHERE.keys()

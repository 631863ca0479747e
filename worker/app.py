"""The program's day: everything is started in order, watched, and stopped in the reverse order."""

import threading
from collections.abc import Callable
from functools import partial

from worker.assembly import Parts, Surroundings, assemble
from worker.domain.telemetry import PartDied, WorkerStarted, WorkerStopped, WorkerStopping
from worker.errors import SettingsInvalid
from worker.exits import Exit
from worker.intake.causes import PauseCause
from worker.lifecycle import Part
from worker.settings import Settings
from worker.telemetry.health import HealthServer, Questions, State

_WATCH_SECONDS = 1.0


class App:
    """One worker. `stop` may be set from any thread or signal handler; `run` returns the exit code."""

    def __init__(self, settings: Settings, around: Surroundings, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._parts: Parts = assemble(settings, around)
        self._health = self._serve_health()
        self._in_order = _in_order(self._parts, self._health)
        self._alive: dict[str, Callable[[], bool]] = {
            **{name: partial(_is_alive, part) for name, part in self._in_order.items()},
            "log": lambda: around.lines.alive,
            "watchdog": lambda: self._parts.ledger.watchdog_alive,
            "pipeline": lambda: self._parts.pipeline.alive,
        }

    @property
    def http_port(self) -> int:
        """Where health and metrics are served."""
        return self._health.port

    def run(self) -> Exit:
        """Run until `stop` is set or a part ends by itself; INTERRUPTED when `stop` was set before the start."""
        if self._stop.is_set():
            self._stop_parts()
            return Exit.INTERRUPTED
        self._start()
        dead: list[str] = []
        while not self._stop.wait(_WATCH_SECONDS):
            dead = [name for name, alive in self._alive.items() if not alive()]
            if dead:
                # A part that is gone does not come back; a new process does, and the broker has kept everything.
                self._parts.emit(PartDied(dead, self._words_for(dead)))
                break
        return Exit.FAILED if dead else self._drain()

    def _words_for(self, dead: list[str]) -> str:
        why = self._parts.ledger.fault if "ledger" in dead else None
        return f"{why or 'Part of the worker has ended.'} This process ends now; start it again, nothing is lost."

    def _start(self) -> None:
        self._parts.dispatcher.start(self._parts.stages)
        for part in self._in_order.values():
            # It runs already: it was opened when the parts were put together.
            if part is not self._parts.ledger:
                part.start()
        self._parts.window.start()
        self._parts.emit(WorkerStarted(self._health.port, self._settings.amqp.prefix))

    def _drain(self) -> Exit:
        """What runs finishes within the drain time; what waits is given back by dropping the connection."""
        parts = self._parts
        idle = threading.Event()
        parts.dispatcher.drain(idle.set)
        parts.provider.end()
        finished = idle.wait(self._settings.worker.drain_seconds)
        abandoned = 0 if finished else parts.dispatcher.running
        parts.emit(WorkerStopping(parts.dispatcher.held, abandoned))
        parts.dispatcher.stop()
        self._stop_parts()
        parts.emit(WorkerStopped(abandoned))
        return Exit.PARTLY if abandoned else Exit.DONE

    def _stop_parts(self) -> None:
        for part in reversed(self._in_order.values()):
            part.stop()
        self._parts.provider.close()

    def _serve_health(self) -> HealthServer:
        http = self._settings.http
        try:
            return HealthServer(http.host, http.port, self._parts.metrics.registry, Questions(self._live, self._ready))
        except OSError as exc:
            self._parts.ledger.stop()
            raise SettingsInvalid(
                [
                    (
                        f"PROVISIONING_HTTP__PORT: {http.host}:{http.port} cannot be listened on ({exc.strerror}); "
                        "look at it and at PROVISIONING_HTTP__HOST"
                    )
                ]
            ) from exc

    def _live(self) -> State:
        loops = {name: alive() for name, alive in self._alive.items()}
        return State(all(loops.values()), {"live": all(loops.values()), "loops": loops})

    def _ready(self) -> State:
        consume, publish = self._parts.consumer.state, self._parts.publisher.state
        paused = {cause.value: state.detail for cause, state in self._parts.pause.causes.items()}
        # A publisher that is turned away has its cause and its words: that is a pause, though it has no connection.
        works = consume.connected and (publish.connected or PauseCause.PUBLISH in paused)
        missing = self._parts.publisher.topology_faults
        # Paused says more: why nothing is taken up, and what ends that.
        ready = works and not self._stop.is_set() and (bool(paused) or not missing)
        body: dict[str, object] = {
            "ready": ready,
            "state": self._state_name(connected=works, whole=not missing, paused=bool(paused)),
            "paused": paused,
            "missing": missing,
            "parked": self._parts.dispatcher.parked,
            "broker": {"consume": consume.fault or "connected", "publish": publish.fault or "connected"},
        }
        return State(ready, body)

    def _state_name(self, *, connected: bool, whole: bool, paused: bool) -> str:
        if self._stop.is_set():
            return "stopping"
        if not connected:
            return "waiting for the broker"
        if paused:
            return "paused"
        return "consuming or standing by" if whole else "topology incomplete"


def _in_order(parts: Parts, health: Part) -> dict[str, Part]:
    """The parts in the order of their start; they stop in the reverse one. Each needs those before it until its end.

    - `health` answers from the first moment to the last, so that probes see a start and a stop for what they are.
    - `ledger` is what everything else writes into while it ends; `pruning` only uses it.
    - `timer` wakes all that waits, also what is published again while the worker stops.
    - `sharing` comes before whatever takes commands up: what the ledger says is paused is paused from the start.
      `pause` changes what `sharing` writes.
    - `publish` comes before whatever has something to publish, and stops once nothing more can come.
    - `parking` acks what it has parked, and `attempts` end with something to publish. `reading` starts turns.
    - `consume` is the last to start and the first to stop: while there are deliveries, everything else is there.
    """
    return {
        "health": health,
        "ledger": parts.ledger,
        "pruning": parts.pruning,
        "timer": parts.timer,
        "sharing": parts.sharing,
        "pause": parts.pause,
        "publish": parts.publisher,
        "parking": parts.parking,
        "attempts": parts.attempt_threads,
        "reading": parts.reading_thread,
        "consume": parts.consumer,
    }


def _is_alive(part: Part) -> bool:
    return part.alive

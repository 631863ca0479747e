"""The program's day: everything is started in order, watched, and stopped in the reverse order."""

import threading
import time
from collections.abc import Callable

from worker.assembly import Parts, Surroundings, assemble
from worker.broker.connection.loop import LoopState
from worker.errors import SettingsInvalid
from worker.exits import Exit
from worker.intake.causes import PauseCause
from worker.settings import Settings
from worker.telemetry.health import HealthServer, Questions, State

_WATCH_SECONDS = 1.0
#: A loop ticks every second; one that has not for so long hangs.
_STALE_TICK_SECONDS = 60.0


class App:
    """One worker. `stop` may be set from any thread or signal handler; `run` returns the exit code."""

    def __init__(self, settings: Settings, around: Surroundings, stop: threading.Event) -> None:
        self._settings = settings
        self._log = around.log
        self._stop = stop
        self._parts: Parts = assemble(settings, around)
        self._health = self._serve_health()
        self._loops: dict[str, Callable[[], bool]] = {
            "consume": lambda: _turns(self._parts.consumer.state),
            "publish": lambda: _turns(self._parts.publisher.state),
            "attempts": lambda: self._parts.attempt_threads.alive,
            "pipeline": lambda: self._parts.pipeline.alive,
            "ledger": lambda: self._parts.ledger.alive,
            "timer": lambda: self._parts.timer.alive,
            "pause": lambda: self._parts.pause.alive,
            "sharing": lambda: self._parts.sharing.alive,
            "parking": lambda: self._parts.parking.alive,
            "health": lambda: self._health.alive,
        }

    @property
    def http_port(self) -> int:
        """Where health and metrics are served."""
        return self._health.port

    def run(self) -> Exit:
        """Work until told to stop, or until a part of it dies; INTERRUPTED when it was told before anything began."""
        if self._stop.is_set():
            self._parts.ledger.close()
            self._parts.provider.close()
            self._health.stop()
            return Exit.INTERRUPTED
        self._start()
        dead: list[str] = []
        while not self._stop.wait(_WATCH_SECONDS):
            dead = [name for name, alive in self._loops.items() if not alive()]
            if dead:
                # A part that is gone does not come back; a new process does, and the broker has kept everything.
                self._log.error("part_died", parts=dead, detail=self._words_for(dead))
                break
        return Exit.FAILED if dead else self._drain()

    def _words_for(self, dead: list[str]) -> str:
        why = self._parts.ledger.fault if "ledger" in dead else None
        return f"{why or 'Part of the worker has ended.'} This process ends now; start it again, nothing is lost."

    def _start(self) -> None:
        parts = self._parts
        self._health.start()
        parts.timer.start()
        # Read before anything is taken up: what the ledger says is paused is paused from the start.
        parts.sharing.start()
        parts.pause.start()
        parts.publisher.start()
        parts.attempt_threads.start()
        parts.dispatcher.start(parts.stages)
        parts.parking.start()
        parts.consumer.start()
        parts.window.start()
        parts.pruning.start()
        self._log.info("worker_started", http_port=self._health.port, prefix=self._settings.amqp.prefix)

    def _drain(self) -> Exit:
        """What runs finishes within the drain time; what waits is given back by dropping the connection."""
        parts = self._parts
        idle = threading.Event()
        parts.dispatcher.drain(idle.set)
        parts.provider.end()
        finished = idle.wait(self._settings.worker.drain_seconds)
        abandoned = 0 if finished else parts.dispatcher.running
        self._log.info("worker_stopping", held=parts.dispatcher.held, abandoned=abandoned)
        parts.consumer.stop()
        parts.dispatcher.stop()
        parts.attempt_threads.stop()
        parts.parking.stop()
        parts.publisher.stop()
        parts.pause.stop()
        parts.sharing.stop()
        parts.timer.stop()
        parts.pruning.stop()
        parts.ledger.close()
        parts.provider.close()
        self._health.stop()
        self._log.info("worker_stopped", abandoned=abandoned)
        return Exit.PARTLY if abandoned else Exit.DONE

    def _serve_health(self) -> HealthServer:
        http = self._settings.http
        try:
            return HealthServer(http.host, http.port, self._parts.metrics.registry, Questions(self._live, self._ready))
        except OSError as exc:
            self._parts.ledger.close()
            raise SettingsInvalid(
                [
                    (
                        f"PROVISIONING_HTTP__PORT: {http.host}:{http.port} cannot be listened on ({exc.strerror}); "
                        "look at it and at PROVISIONING_HTTP__HOST"
                    )
                ]
            ) from exc

    def _live(self) -> State:
        loops = {name: alive() for name, alive in self._loops.items()}
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


def _turns(state: LoopState) -> bool:
    return state.alive and time.monotonic() - state.ticked_at < _STALE_TICK_SECONDS

"""The program as a process: started with settings alone, asked over HTTP, ended by signals, its log kept in a file."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from prometheus_client.parser import text_string_to_metric_families

from tests.support.log_reader import LogReader, log_reader
from tests.support.waiting import PATIENCE_SECONDS, wait_for

PROGRAM = (sys.executable, "-m", "worker")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back over HTTP."""

    status: int
    content_type: str
    body: str

    @property
    def document(self) -> Any:  # noqa: ANN401  # any JSON
        """The body as JSON."""
        return json.loads(self.body)


class Started(Protocol):
    """A process, as far as `subprocess.Popen` is used of it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class WorkerProcess:
    """A worker that was started."""

    def __init__(self, process: Started, log: Path, reader: LogReader | None = None) -> None:
        self._process = process
        self._log = log
        self._reader = reader

    @property
    def log(self) -> str:
        """Everything it has written so far."""
        return self._log.read_text(encoding="utf-8")

    @property
    def reader(self) -> LogReader:
        """Who reads the pipe that its log goes into."""
        assert self._reader is not None, "its log goes straight into a file"
        return self._reader

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the log's lines about one kind of event."""
        lines = [line for line in self.log.splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]
        return [line for line in map(json.loads, lines) if line["event"] == event]

    def await_logged(self, event: str) -> dict[str, Any]:
        """Wait for the first line of that kind."""

        def logged() -> list[dict[str, Any]]:
            assert self.logged(event) or self.running, f"it ended before it said {event}: {self.log}"
            return self.logged(event)

        return wait_for(logged, f"{event} in the log")[0]

    def ask(self, path: str, accept: str = "*/*") -> Answer:
        """Get something from its HTTP server."""
        port = self.await_logged("worker_started")["http_port"]
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Accept": accept})
        try:
            with _DIRECT.open(request, timeout=PATIENCE_SECONDS) as answer:
                return Answer(answer.status, answer.headers["Content-Type"], answer.read().decode())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.headers["Content-Type"], refused.read().decode())

    def await_ready(self) -> None:
        """Wait until it says that it is ready."""
        wait_for(lambda: self.ask("/readyz").status == 200, "readiness")

    def await_paused(self, cause: str, word: str = "") -> str:
        """Wait until intake is paused for that cause, with that word in the reason; return the reason."""

        def paused() -> str:
            reason = str(self.ask("/readyz").document["paused"].get(cause, ""))
            return reason if word in reason else ""

        return wait_for(paused, f"a pause for {cause}: {word}")

    def metric(self, name: str, **labels: str) -> float:
        """Return one sample's value now; 0 when there is no such sample."""
        return self.metrics().get((name, frozenset(labels.items())), 0.0)

    def await_metric(self, name: str, value: float) -> None:
        """Wait until a metric without labels has that value."""
        wait_for(lambda: self.metric(name) == value, f"{name} = {value:g}")

    def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return every sample by its name and labels."""
        metrics = text_string_to_metric_families(self.ask("/metrics").body)
        return {(one.name, frozenset(one.labels.items())): one.value for metric in metrics for one in metric.samples}

    def terminate(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Ask it to stop; return its exit code."""
        self._process.terminate()
        return self.await_exit(seconds)

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def await_exit(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; return its exit code, which is negative when a signal ended it."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()
        self._process.wait()


@contextmanager
def piped_worker_process(settings: Mapping[str, str], log: Path) -> Iterator[WorkerProcess]:
    """The same, for a worker whose log goes through a pipe that somebody must read."""
    with log_reader(log) as reader:
        process = subprocess.Popen(  # noqa: S603 - our own program
            (*PROGRAM, "run"),
            env=environment(settings),
            stdout=reader.writing,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
        )
        worker = WorkerProcess(process, log, reader)
        try:
            yield worker
        finally:
            worker.kill()
    assert "Traceback" not in worker.log, worker.log


@contextmanager
def worker_process(
    settings: Mapping[str, str], log: Path, argv: Sequence[str] = (*PROGRAM, "run")
) -> Iterator[WorkerProcess]:
    """Start a worker and yield it at once; kill it at the end if it still runs, and fail when its log has a traceback.

    `settings` are the names after `PROVISIONING_`; nothing else is in its environment.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own program
            argv, env=environment(settings), stdout=out, stderr=subprocess.STDOUT, cwd=log.parent
        )
    worker = WorkerProcess(process, log)
    try:
        yield worker
    finally:
        worker.kill()
    assert "Traceback" not in worker.log, worker.log


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that settings make."""
    return {f"PROVISIONING_{name}": value for name, value in settings.items()}

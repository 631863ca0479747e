"""A worker that begins where another has read the program already: all of a real one but the second that reading takes.

Who tests the start itself, or what the program reads when, starts it as `worker_process` does.
"""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.support.worker_process import PROGRAM, WorkerProcess, environment

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(["worker.cli.terminal.ending", "worker.cli.program", "worker.app", __name__])


class Forked:
    """A process with the part of `subprocess.Popen` that tests of a worker use."""

    def __init__(self, process: BaseProcess) -> None:
        assert process.pid is not None, "it was not started"
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        """Its exit code, which is negative when a signal ended it; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(PROGRAM, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal while it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self._process.terminate()

    def kill(self) -> None:
        """End it by SIGKILL."""
        self._process.kill()


@contextmanager
def forked_worker(
    settings: Mapping[str, str], log: Path, argv: Sequence[str] = (*PROGRAM, "run")
) -> Iterator[WorkerProcess]:
    """Do what `worker_process` does, with the same arguments."""
    log.touch()
    process = _CONTEXT.Process(target=_begin, args=(environment(settings), str(log), tuple(argv[1:])))
    process.start()
    worker = WorkerProcess(Forked(process), log)
    try:
        yield worker
    finally:
        worker.kill()
        process.close()
    assert "Traceback" not in worker.log, worker.log


def _begin(variables: Mapping[str, str], log: str, words: tuple[str, ...]) -> None:
    """Become the program: its environment alone, its log, and the folder that it works in."""
    out = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.close(out)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(Path(log).parent)
    if words[0] == "-m":
        sys.argv = list(words[1:])
        runpy.run_module(words[1], run_name="__main__")
    else:
        sys.argv = list(words)
        runpy.run_path(words[0], run_name="__main__")

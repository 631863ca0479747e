"""A server whose processes stand still: its kernel answers, it does not."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sandbox.servers.lifetime.private import PrivateServer
from tests.support.servers import processes_of


def freeze(server: PrivateServer) -> Callable[[], None]:
    """Stop all of its processes; what is returned lets them go on, also when it is called twice."""
    frozen = processes_of(server)
    for process in frozen:
        _signal(process, signal.SIGSTOP)
        # PostgreSQL writes over what its own processes could be known by. A parent that stands still starts no more.
        frozen += [child for child in _children(process) if child not in frozen]

    def thaw() -> None:
        for process in frozen:
            _signal(process, signal.SIGCONT)

    return thaw


@contextmanager
def frozen(server: PrivateServer) -> Iterator[None]:
    """Let it stand still while the block goes on."""
    thaw = freeze(server)
    try:
        yield
    finally:
        thaw()


def _children(process: int) -> Sequence[int]:
    threads = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for listed in threads for child in listed.read_text().split()]


def _signal(process: int, number: signal.Signals) -> None:
    # Some of them live for a moment only.
    with suppress(ProcessLookupError):
        os.kill(process, number)

"""What all private servers have in common: a folder and ports of their own, a start that returns when they answer."""

import shutil
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from sandbox.servers.errors import ServerFailed
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.ports import ReservedPorts, wait_until
from sandbox.servers.lifetime.supervised import Supervised

_BOOT_SECONDS = 120.0


class PrivateServer(ABC):
    """A server of one's own on 127.0.0.1, gone without a trace after `stop`. Not for several threads at once.

    From its first start to `stop` it keeps its ports and its data, also while it is down.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._ports = ReservedPorts()
        self._folder: Path | None = None
        self._supervised: Supervised | None = None

    @property
    def folder(self) -> Path:
        """Where its data, settings and log are. Raises ServerFailed before the first start."""
        if self._folder is None:
            raise ServerFailed(f"This private {self._name} was not started.")
        return self._folder

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._supervised is not None and self._supervised.running

    def start(self) -> None:
        """Start the server on its ports and data; returns when it answers. Harmless when it runs.

        Raises ServerFailed when it does not come up.
        """
        try:
            if self._supervised is None:
                self._supervised = self._prepare()
            if not self._supervised.running:
                self._supervised.start()
                self._await_answer(self._supervised)
        except BaseException:
            # Also a Ctrl-C: nobody is there yet who would call `stop`.
            self.stop()
            raise

    def restart(self) -> None:
        """Stop the server in order, breaking open connections, and start it again on the same ports and data."""
        self._started().stop()
        self.start()

    def kill(self) -> None:
        """End the server by SIGKILL; `start` brings it back on the same ports and data."""
        self._started().kill()

    def release(self) -> int:
        """Let the server outlive this process; SIGTERM to the returned process ends it and removes its folder."""
        supervised = self._started()
        supervised.release()
        return supervised.pid

    def stop(self) -> None:
        """End the server and all it started, remove its folder, give its ports back; harmless when repeated."""
        if self._supervised is not None:
            self._supervised.quit()
            self._supervised = None
        if self._folder is not None:
            # The guardian has done it, unless somebody killed it.
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._ports.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def _describe(self, folder: Path, ports: ReservedPorts) -> Service:
        """Fill the empty run folder, take the ports, and return how the server is run with them."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether a client would be served now."""

    def _prepare(self) -> Supervised:
        self._folder = _make_run_folder(self._name)
        return Supervised(self._describe(self._folder, self._ports))

    def _started(self) -> Supervised:
        if self._supervised is None:
            raise ServerFailed(f"This private {self._name} was not started.")
        return self._supervised

    def _await_answer(self, supervised: Supervised) -> None:
        wait_until(lambda: not supervised.running or self._answers(), _BOOT_SECONDS)
        if not supervised.running or not self._answers():
            raise ServerFailed(f"The private {self._name} did not start. Its last words: {supervised.last_words()}")


def _make_run_folder(name: str) -> Path:
    # Not below the project: the path must be short (a socket's path holds 107 bytes), free of spaces (the broker's own
    # shell scripts do not quote) and open to the user that takes root's place.
    root = tempfile.gettempdir()
    root = "/tmp" if " " in root else root  # noqa: S108 - mkdtemp makes the folder ours alone
    return Path(tempfile.mkdtemp(prefix=f"provisioning-{name}-", dir=root))

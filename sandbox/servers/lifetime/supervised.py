"""A server process seen from its owner: started, crashed and ended through a guardian (see `guardian`)."""

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from sandbox.servers.errors import ServerFailed
from sandbox.servers.lifetime import guardian
from sandbox.servers.lifetime.guardian import Order, Service

_REPLY_SLACK_SECONDS = 30.0
_STARTED, _ENDED = "started", "ended"


class Supervised:
    """One `Service` and its guardian. Not for several threads at once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._replies = b""
        self._running = False
        self._guardian = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", guardian.__file__],
            env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        self._write(json.dumps(asdict(service)))

    @property
    def pid(self) -> int:
        """The guardian's process id: SIGTERM to it ends the server and everything that belongs to it."""
        return self._guardian.pid

    @property
    def running(self) -> bool:
        """Whether the server is started and has not ended since."""
        while self._running and self._readable(0):
            self._read_replies()
        return self._running

    def start(self) -> None:
        """Start the server; returns when its process is there, which says nothing of its being ready.

        Raises ServerFailed when there is no such program.
        """
        self._ask(Order.START, _STARTED)

    def stop(self) -> None:
        """End the server in order, by SIGKILL when its grace is over."""
        self._ask(Order.STOP, _ENDED)

    def kill(self) -> None:
        """End the server by SIGKILL, and all it started."""
        self._ask(Order.KILL, _ENDED)

    def release(self) -> None:
        """Let the server live on without its owner; end it later by SIGTERM to `pid`."""
        self._ask(Order.RELEASE, "released")

    def quit(self) -> None:
        """End the server, its folder and the guardian; harmless when repeated."""
        self._running = False
        if self._guardian.stdin is not None:
            self._guardian.stdin.close()
        self._guardian.wait()
        if self._guardian.stdout is not None:
            self._guardian.stdout.close()

    def last_words(self, lines: int = 5) -> str:
        """Return the end of what the server printed."""
        try:
            return "\n".join(Path(self._service.log).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(it printed nothing)"

    def _ask(self, order: Order, expected: str) -> None:
        self._write(order)
        deadline = time.monotonic() + self._service.grace_seconds + _REPLY_SLACK_SECONDS
        while (seconds := deadline - time.monotonic()) > 0 and self._readable(seconds):
            for reply in self._read_replies():
                if reply == expected:
                    return
                if reply.startswith("failed"):
                    raise ServerFailed(
                        f"{self._service.argv[0]} could not be started: {reply.removeprefix('failed ')}."
                    )
        raise ServerFailed(f"The guardian of {self._service.argv[0]} did not answer to {order!r}.")

    def _write(self, line: str) -> None:
        if self._guardian.stdin is None or self._guardian.stdin.closed:
            raise ServerFailed(f"{self._service.argv[0]} has been ended for good.")
        try:
            self._guardian.stdin.write(f"{line}\n".encode())
        except BrokenPipeError as exc:
            raise ServerFailed(f"The guardian of {self._service.argv[0]} is gone.") from exc

    def _readable(self, seconds: float) -> bool:
        return self._guardian.stdout is not None and bool(select.select([self._guardian.stdout], [], [], seconds)[0])

    def _read_replies(self) -> list[str]:
        received = os.read(self._guardian.stdout.fileno(), 4096) if self._guardian.stdout is not None else b""
        if not received:
            self._running = False
            raise ServerFailed(f"The guardian of {self._service.argv[0]} is gone.")
        *lines, self._replies = (self._replies + received).split(b"\n")
        replies = [line.decode() for line in lines]
        # In their order: a server may have ended before its owner came to read that it had started.
        for reply in replies:
            if reply in (_STARTED, _ENDED):
                self._running = reply == _STARTED
        return replies

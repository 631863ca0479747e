"""Serving the stand-in: as a program until a signal, or on a thread for as long as a test needs it."""

import asyncio
import signal
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import FrameType
from typing import Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.provider.accounts.book import StateFileError, opened
from sandbox.provider.accounts.memory import Forgetful, Memory
from sandbox.provider.endpoints.app import create_app
from sandbox.provider.endpoints.delivery import HANG_UP, INTERIM, RESET
from sandbox.provider.greeting import greeting
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.settings import SandboxConfig
from sandbox.provider.standin import StandIn

# Longer than any pause of a client that reuses connections: an idle one closed under its hand looks like a lost answer.
_KEEP_ALIVE_SECONDS: Final = 600
_BACKLOG: Final = 1024
_STOP_SECONDS: Final = 1
_JOIN_SECONDS: Final = 10.0
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class ListenError(Exception):
    """The address cannot be listened on; the message says which one, why, and what to do."""


class _HangUpProtocol(H11Protocol):
    """HTTP/1.1 that also lets the application close the connection without an answer, and answer before its answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Puts the connection's own ways to do so where each of its requests finds them."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows what asyncio declares
        ways = {HANG_UP: self.transport.close, RESET: self._reset, INTERIM: self._answer_first}
        self.app_state = {**self.app_state, **ways}

    def _answer_first(self, status: int) -> None:
        """Sends an interim answer; the server's own state machine has none to send."""
        if not self.transport.is_closing():
            head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nLink: </style.css>; rel=preload\r\n\r\n"
            self.transport.write(head.encode())

    def _reset(self) -> None:
        """Breaks off, unless the client has: a socket that lingers for no time is closed by a reset."""
        if not self.transport.is_closing():
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.transport.abort()


class _Server(uvicorn.Server):
    """One stand-in behind one HTTP server. `failure` is why it stopped by itself, if it did."""

    def __init__(self, config: SandboxConfig, memory: Memory) -> None:
        self.failure: StateFileError | None = None
        self._standin = StandIn(config, memory=memory)
        app = create_app(self._standin, lambda: self.should_exit, self._give_up)
        super().__init__(
            uvicorn.Config(
                app,
                http=_HangUpProtocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,  # it would write query strings, and they may hold passwords
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_STOP_SECONDS,
            )
        )

    def stop(self, *_: int | FrameType | None) -> None:
        """Makes `run` return soon; also fit for a signal handler."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets go what is held, so that it is dropped at once, and ends the rest."""
        self._standin.let_go()
        await super().shutdown(sockets)

    def _give_up(self, failure: StateFileError) -> None:
        self.failure = failure
        self.should_exit = True


def serve(config: SandboxConfig) -> None:
    """Serves until SIGTERM, SIGINT or SIGHUP, then returns. Must be called on the main thread.

    Reports its URL once the port is bound, in `url_file` if there is one and, with what a newcomer needs, on standard
    error. Raises ListenError; StateFileError, also when it can no longer be written; OSError when `url_file` cannot be.
    """
    with _remembering(config) as memory, _listening(config) as listener:
        server = _Server(config, memory)
        # Ours are in place before the URL is out, so that a signal sent at once already means an orderly stop. uvicorn
        # puts its own in front and, when it is done, repeats the signal to ours: without them it would end the process.
        previous = {number: signal.signal(number, server.stop) for number in _ending_signals()}
        try:
            _announce(_url_of(listener), config)
            server.run(sockets=[listener])
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        if server.failure is not None:
            raise server.failure


def _ending_signals() -> list[signal.Signals]:
    # Whoever was started by nohup outlives its terminal.
    hangup = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGTERM, signal.SIGINT, *hangup]


@contextmanager
def running(config: SandboxConfig) -> Iterator[RemoteSandbox]:
    """Serves on a thread of this process while the block lasts, and yields the remote that steers it.

    The port is bound before the block begins: a first call waits, at worst, until the thread takes it up. Raises what
    `serve` raises, a state file that can no longer be written at the end of the block.
    """
    with _remembering(config) as memory, _listening(config) as listener:
        server = _Server(config, memory)
        thread = threading.Thread(target=server.run, args=([listener],), name="sandbox-provider", daemon=True)
        thread.start()
        try:
            yield RemoteSandbox(_url_of(listener))
        finally:
            server.stop()
            thread.join(_JOIN_SECONDS)
        if server.failure is not None:
            raise server.failure


@contextmanager
def _remembering(config: SandboxConfig) -> Iterator[Memory]:
    """The state file's book, or no memory at all."""
    if config.state_file is None:
        yield Forgetful()
    else:
        with opened(config.state_file) as book:
            yield book


@contextmanager
def _listening(config: SandboxConfig) -> Iterator[socket.socket]:
    """A bound socket that already takes connections in."""
    try:
        address_family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        listener = socket.create_server((config.host, config.port), family=address_family, backlog=_BACKLOG)
    except OSError as exc:
        raise ListenError(
            f"The sandbox cannot listen on {config.host} port {config.port}: {exc.strerror or exc}. "
            "Choose another port, or 0 for any free one."
        ) from exc
    with listener:
        # Accepted connections inherit this. Without it an answer's body waits about 40 ms for the client to acknowledge
        # its headers; asyncio sets it only where the protocol number is explicit, which create_server leaves out.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _url_of(listener: socket.socket) -> str:
    """The URL under which a client on this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(url: str, config: SandboxConfig) -> None:
    """Says where the stand-in listens; the file appears whole, so that who waits for it never reads half a URL."""
    if config.url_file is not None:
        draft = config.url_file.with_name(f"{config.url_file.name}.draft")
        draft.write_text(url, encoding="utf-8")
        draft.replace(config.url_file)
    sys.stderr.write(greeting(url, config))
    sys.stderr.flush()

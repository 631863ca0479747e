"""TLS in front of a server that speaks none: a port that unwraps it."""

import asyncio
import ssl
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"


class TlsFront:
    """Listens with TLS and forwards to a plain port, on a thread of its own, for a with-block."""

    def __init__(self, target_port: int, certificate: Path, key: Path) -> None:
        self._target_port = target_port
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate, key)
        self._port: Future[int] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tls-front")
        self._stop = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port.result(10)

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut everything."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._forward, LOOPBACK, 0, ssl=self._context)
        self._port.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        # Each lets go of its socket in a later turn of the loop.
        await asyncio.sleep(0.05)

    async def _forward(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._writers.add(to_client)
        server, to_server = await asyncio.open_connection(LOOPBACK, self._target_port)
        self._writers.add(to_server)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(_pump(client, to_server), _pump(server, to_client))
        for writer in (to_server, to_client):
            writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65536):
        sink.write(chunk)
        await sink.drain()
    sink.close()

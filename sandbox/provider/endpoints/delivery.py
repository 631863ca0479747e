"""How an answer travels: whole, a byte at a time, behind a great many spaces, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope, Send

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.replies import AnswerKind, ProviderAnswer

HANG_UP: Final = "sandbox.hang_up"
"""The key in the scope's `state` under which the server offers a function that closes the connection in order."""

RESET: Final = "sandbox.reset"
"""The same for one that breaks it off: what was not sent yet is lost, and the client gets a TCP reset."""

INTERIM: Final = "sandbox.interim"
"""The same for one that sends an interim answer with a status; the answer itself is still to come."""

_CHUNK: Final = b" " * (64 * 1024)
_LOOK_UP_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class ClientSocket:
    """One call's connection, and whether the stand-in is about to stop."""

    scope: Scope
    receive: Receive
    send: Send
    is_closing: Callable[[], bool]

    async def wait(self, seconds: float) -> None:
        """Sleeps, looking up now and then: a stop must not last as long as the slowest call."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while seconds > 0 and not self.is_closing():
            await asyncio.sleep(min(seconds, _LOOK_UP_SECONDS))
            seconds = until - loop.time()

    def hint(self, rule: FaultRule | None) -> None:
        """Sends the interim answer that a rule will have before the final one."""
        if rule is not None and rule.fault is Fault.EARLY_HINTS:
            self.scope["state"][INTERIM](rule.status_or_usual)

    async def deliver(self, answer: ProviderAnswer, rule: FaultRule | None) -> None:
        """Sends the answer as the rule will have it; returns at once when the client leaves or the stand-in stops."""
        if answer.kind is AnswerKind.DROPPED:
            await self.hang_up(RESET if rule is not None and rule.fault is Fault.RESET else HANG_UP)
        elif rule is not None and rule.fault in {Fault.HUGE, Fault.DRIP}:
            await self._deliver_slowly(answer, rule)
        else:
            await self._send(answer, len(answer.body), _at_once(answer.body))

    async def hang_up(self, how: str = HANG_UP) -> None:
        """Closes the connection without a further byte, and stays until it is closed.

        Returning earlier would make the server answer for an application that has not answered.
        """
        self.scope["state"][how]()
        await self._client_left()

    async def _deliver_slowly(self, answer: ProviderAnswer, rule: FaultRule) -> None:
        """Sends while the client stays and the stand-in runs; a client that does not read must not keep either."""
        if rule.fault is Fault.HUGE:
            length = max(rule.body_bytes, len(answer.body))
            sending = asyncio.create_task(self._send(answer, length, _padded(answer.body, length)))
        else:
            pieces = _dripping(answer.body, rule.byte_seconds)
            sending = asyncio.create_task(self._send(answer, len(answer.body), pieces))
        leaving = asyncio.create_task(self._client_left())
        while not (sending.done() or leaving.done() or self.is_closing()):
            await asyncio.wait({sending, leaving}, timeout=_LOOK_UP_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        is_sent = sending.done()
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)
        if is_sent:
            sending.result()  # raises what went wrong, if anything did
        else:
            await self.hang_up(RESET)

    async def _client_left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def _send(self, answer: ProviderAnswer, length: int, pieces: AsyncIterator[bytes]) -> None:
        """Sends the answer with the provider's usual headers; their names keep their case, as the provider's do."""
        headers = [
            (b"Content-Type", answer.media_type.encode()),
            (b"Content-Length", str(length).encode()),
            (b"Cache-Control", b"no-cache, must-revalidate"),
            # The provider hands out a session that no client needs; one that sends it back does too much.
            (b"Set-Cookie", b"sendgrid_frontend=sandbox; path=/"),
            *((name.encode(), value.encode()) for name, value in answer.headers),
        ]
        await self.send({"type": "http.response.start", "status": answer.status, "headers": headers})
        async for piece in pieces:
            await self.send({"type": "http.response.body", "body": piece, "more_body": True})
        await self.send({"type": "http.response.body", "body": b""})


async def _at_once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _dripping(body: bytes, byte_seconds: float) -> AsyncIterator[bytes]:
    """A byte at a time, each after a pause."""
    for place in range(len(body)):
        await asyncio.sleep(byte_seconds)
        yield body[place : place + 1]


async def _padded(body: bytes, length: int) -> AsyncIterator[bytes]:
    """The body behind so many spaces, never all of them in memory; whoever reads it whole still finds it well-formed.

    An XML declaration stays in front of them, where it must be.
    """
    cut = body.find(b"?>") + 2 if body.startswith(b"<?xml") else 0
    yield body[:cut]
    left = length - len(body)
    while left > 0:
        yield _CHUNK[:left]
        left -= len(_CHUNK)
        # A transport that takes everything never makes the sender wait, and then nobody would see the client leave.
        await asyncio.sleep(0)
    yield body[cut:]

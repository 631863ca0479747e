"""The stand-in as an ASGI application: reads a call, waits as long as it takes, answers or hangs up."""

import asyncio
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from sandbox.provider.control import Control, refusal
from sandbox.provider.operations.replies import Answer, AnswerKind
from sandbox.provider.standin import Request, StandIn

HANG_UP: Final = "sandbox.hang_up"
"""The key in the scope's `state` under which the server offers a function that closes the connection."""

_FORM: Final = b"application/x-www-form-urlencoded"
_BODY_MAX_BYTES: Final = 1 << 20
_LOOK_UP_SECONDS: Final = 0.25


class Endpoint:
    """Serves every path that is not the stand-in's own, so that an outage is one for wrong paths too.

    A call has its effect even if the client hangs up while it waits, as with a real server. One that still waits when
    the stand-in stops (`is_closing`) is dropped.
    """

    def __init__(self, standin: StandIn, is_closing: Callable[[], bool]) -> None:
        self._standin = standin
        self._is_closing = is_closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Takes one call from its first byte to its answer."""
        try:
            request = await _read(scope, receive)
        except ClientDisconnect:
            return  # It never arrived as a whole, so there is nothing to have an effect.
        arrival = self._standin.arrive(request)
        await self._wait(self._standin.delay_seconds(arrival))
        if self._is_closing():
            await _hang_up(scope, receive)
            return
        answer = self._standin.answer(arrival)
        if answer.kind is AnswerKind.DROPPED:
            await _hang_up(scope, receive)
            return
        await _send(answer, send)

    async def _wait(self, seconds: float) -> None:
        """Sleeps, looking up now and then: a stop must not last as long as the slowest call."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while seconds > 0 and not self._is_closing():
            await asyncio.sleep(min(seconds, _LOOK_UP_SECONDS))
            seconds = until - loop.time()


def create_app(standin: StandIn, is_closing: Callable[[], bool]) -> Starlette:
    """The whole application: control under `/_sandbox`, and the provider everywhere else.

    It must be served by a server that offers HANG_UP, as `server` does.
    """
    routes = [
        Mount("/_sandbox", routes=Control(standin).routes()),
        Route("/{path:path}", Endpoint(standin, is_closing), max_body_size=_BODY_MAX_BYTES),
    ]
    return Starlette(routes=routes, exception_handlers={ValidationError: refusal})


async def _read(scope: Scope, receive: Receive) -> Request:
    """The call as it came; a body that is no form has no arguments. Raises ClientDisconnect when it breaks off."""
    http = HttpRequest(scope, receive)
    body = await http.body()
    content_type = next((value for name, value in scope["headers"] if name == b"content-type"), _FORM)
    is_form = content_type.startswith(_FORM)
    return Request(scope["method"], scope["path"], scope["query_string"], body if is_form else b"")


async def _hang_up(scope: Scope, receive: Receive) -> None:
    """Closes the connection without a byte of answer, and stays until it is closed.

    Returning earlier would make the server answer for an application that has not answered.
    """
    scope["state"][HANG_UP]()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(answer: Answer, send: Send) -> None:
    """Sends the answer with the provider's usual headers; their names keep their case, as the provider's do."""
    headers = [
        (b"Content-Type", answer.media_type.encode()),
        (b"Content-Length", str(len(answer.body)).encode()),
        (b"Cache-Control", b"no-cache, must-revalidate"),
        # The provider hands out a session that no client needs; one that sends it back does too much.
        (b"Set-Cookie", b"sendgrid_frontend=sandbox; path=/"),
        *((name.encode(), value.encode()) for name, value in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})

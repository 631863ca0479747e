"""The stand-in as an ASGI application: reads a call, waits as long as it takes, answers or hangs up."""

from collections.abc import Callable
from typing import Final

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from sandbox.provider.accounts.book import StateFileError
from sandbox.provider.endpoints.control import Control, refusal
from sandbox.provider.endpoints.delivery import ClientSocket
from sandbox.provider.operations.reading import Request
from sandbox.provider.standin import StandIn

_BODY_MAX_BYTES: Final = 1 << 20


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
        line = ClientSocket(scope, receive, send, self._is_closing)
        line.hint(arrival.rule)
        await line.wait(self._standin.delay_seconds(arrival))
        if arrival.is_held:
            # It wakes who waits in their order. Whoever looked up meanwhile would go on before the others, or after.
            await arrival.lifted.wait()
        if self._is_closing():
            await line.hang_up()
            return
        await line.deliver(self._standin.answer(arrival), arrival.rule)


def create_app(
    standin: StandIn, is_closing: Callable[[], bool], give_up: Callable[[StateFileError], None]
) -> Starlette:
    """The whole application: control under `/_sandbox`, and the provider everywhere else.

    It must be served by a server that offers what `delivery` closes connections with, as `server` does, and that stops
    when it is asked to `give_up`: a change that is not in the state file must not be followed by others.
    """

    async def state_lost(_: HttpRequest, exc: Exception) -> Response:
        """A 500 that says why; whether the call had its effect is for the next start to find out."""
        if isinstance(exc, StateFileError):
            give_up(exc)
        return JSONResponse({"error": str(exc)}, status_code=500)

    routes = [
        Mount("/_sandbox", routes=Control(standin).routes()),
        Route("/{path:path}", Endpoint(standin, is_closing), max_body_size=_BODY_MAX_BYTES),
    ]
    return Starlette(routes=routes, exception_handlers={ValidationError: refusal, StateFileError: state_lost})


async def _read(scope: Scope, receive: Receive) -> Request:
    """The call as it came. Raises ClientDisconnect when it breaks off."""
    body = await HttpRequest(scope, receive).body()
    return Request(scope["method"], scope["path"], scope["query_string"], body, tuple(scope["headers"]))

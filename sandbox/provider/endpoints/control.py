"""The stand-in's own endpoints, under `/_sandbox`: faults, journal, state, switches. No login; faults spare them."""

import asyncio
from contextlib import suppress
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.provider.accounts.snapshot import take_snapshot
from sandbox.provider.faults import ArmedRule, FaultInForce, FaultRule
from sandbox.provider.journal import JournalPage
from sandbox.provider.settings import Switches
from sandbox.provider.standin import StandIn

_RULES: Final[TypeAdapter[tuple[FaultRule, ...]]] = TypeAdapter(tuple[FaultRule, ...])


class Latency(BaseModel):
    """How long each call takes before it is applied."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(ge=0, le=600)


class Secret(BaseModel):
    """A value whose digest is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    value: str


class JournalQuery(BaseModel):
    """Which entries: those after a sequence, at most so many; with `wait_seconds`, once there is one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: int = Field(default=0, ge=0)
    wait_seconds: float = Field(default=0.0, ge=0, le=60)
    limit: int = Field(default=5_000, ge=1, le=50_000)


class Control:
    """Answers the control endpoints of one stand-in. A body that is refused is `refusal`'s to answer."""

    def __init__(self, standin: StandIn) -> None:
        self._standin = standin

    def routes(self) -> list[Route]:
        """The endpoints, relative to where they are mounted."""
        return [
            Route("/health", self._health, methods=["GET"]),
            Route("/journal", self._journal, methods=["GET"]),
            Route("/state", self._state, methods=["GET"]),
            Route("/reset", self._reset, methods=["POST"]),
            Route("/digest", self._digest, methods=["POST"]),
            Route("/latency", self._latency, methods=["PUT"]),
            Route("/switches", self._switches, methods=["PUT"]),
            Route("/faults", self._list_faults, methods=["GET"]),
            Route("/faults", self._add_faults, methods=["POST"]),
            Route("/faults", self._replace_faults, methods=["PUT"]),
            Route("/faults", self._clear_faults, methods=["DELETE"]),
        ]

    async def _health(self, _: Request) -> Response:
        """That it answers, and how many of the provider's calls have arrived and not yet had their effect."""
        standin = self._standin
        return JSONResponse({"status": "ok", "in_flight": standin.in_flight, "journal_last": standin.journal.last})

    async def _journal(self, request: Request) -> Response:
        query = JournalQuery.model_validate(dict(request.query_params))
        journal = self._standin.journal
        with suppress(TimeoutError):
            await asyncio.wait_for(journal.grown_beyond(query.after), query.wait_seconds)
        page = JournalPage(entries=journal.after(query.after, query.limit), last=journal.last, dropped=journal.dropped)
        return Response(page.model_dump_json(), media_type="application/json")

    async def _state(self, request: Request) -> Response:
        snapshot = take_snapshot(self._standin.accounts, request.query_params.get("username"))
        return Response(snapshot.model_dump_json(), media_type="application/json")

    async def _reset(self, _: Request) -> Response:
        self._standin.reset()
        return JSONResponse({"status": "ok"})

    async def _digest(self, request: Request) -> Response:
        """The digest of a value a caller already knows; it travels in the body, so that no URL ever holds it."""
        secret = Secret.model_validate_json(await request.body())
        return JSONResponse({"digest": self._standin.seal.digest(secret.value)})

    async def _latency(self, request: Request) -> Response:
        self._standin.latency_seconds = Latency.model_validate_json(await request.body()).seconds
        return JSONResponse({"seconds": self._standin.latency_seconds})

    async def _switches(self, request: Request) -> Response:
        """Sets the switches given and puts all others back to their defaults; the state stays."""
        self._standin.switches = Switches.model_validate_json(await request.body())
        return Response(self._standin.switches.model_dump_json(), media_type="application/json")

    async def _list_faults(self, _: Request) -> Response:
        return JSONResponse({"faults": [_document(armed) for armed in self._standin.faults.armed]})

    async def _add_faults(self, request: Request) -> Response:
        self._standin.faults.add(fault_rules(await request.body()))
        return await self._list_faults(request)

    async def _replace_faults(self, request: Request) -> Response:
        rules = fault_rules(await request.body())
        self._standin.faults.clear()
        self._standin.faults.add(rules)
        return await self._list_faults(request)

    async def _clear_faults(self, request: Request) -> Response:
        self._standin.faults.clear()
        return await self._list_faults(request)


def fault_rules(body: bytes) -> tuple[FaultRule, ...]:
    """One rule or a list of rules. Raises ValidationError with the faults of the one that was meant."""
    # Distinguished here: a choice of the library's would name the faults of both.
    if body.lstrip().startswith(b"["):
        return _RULES.validate_json(body)
    return (FaultRule.model_validate_json(body),)


async def refusal(_: Request, exc: Exception) -> Response:
    """A 422 that names every fault of a control call, without quoting what was sent."""
    if not isinstance(exc, ValidationError):
        raise exc
    faults: dict[str, list[ErrorDetails]] = {}
    for fault in exc.errors(include_url=False, include_input=False):
        faults.setdefault(_place(fault), []).append(fault)
    return JSONResponse({"errors": [_sentence(place, each) for place, each in faults.items()]}, status_code=422)


def _place(fault: ErrorDetails) -> str:
    # The library also names the kinds of a choice, as in `str-enum[Operation]`; nobody sent those.
    return ".".join(str(step) for step in fault["loc"] if isinstance(step, int) or step.isidentifier())


def _sentence(place: str, faults: list[ErrorDetails]) -> str:
    """All that is wrong at one place; more than one fault there are those of a choice."""
    first = faults[0]
    expected = [str(fault["ctx"]["expected"]) for fault in faults if fault["type"] in {"enum", "literal_error"}]
    rule = f"must be one of {', '.join(expected).replace(' or ', ', ')}" if expected else _rule(first)
    return f"{place}: {rule}" if place else rule


def _rule(fault: ErrorDetails) -> str:
    match fault["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not known here"
        case "json_invalid":
            return f"the body is not JSON: {fault['ctx']['error']}"
        case "model_type":
            return "a rule must be an object with its fields"
        case "value_error":
            return str(fault["ctx"]["error"])
    return fault["msg"].replace("Input should", "must").replace("String should", "must")


def _document(armed: ArmedRule) -> dict[str, object]:
    """A rule in force, with how many calls it has met and befallen."""
    listed = FaultInForce(**armed.rule.model_dump(), met=armed.met, befallen=armed.befallen)
    return listed.model_dump(mode="json")

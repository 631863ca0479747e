"""Every way in which the provider may answer one call, and what it must come to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.provider.faults import ErrorShape, Fault, FaultRule, Garble
from sandbox.provider.operations.calls import Operation

_REFUSAL_STATUSES = (200, 400)
#: Longer than the client's patience.
_SLOW_SECONDS = 1.3


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer. `refused`: the command must end as rejected; otherwise it must be done, exactly once."""

    name: str
    fault: Fault | None = None
    refused: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def rules(self, operation: Operation) -> tuple[FaultRule, ...]:
        """The fault, for the first call of that operation alone."""
        if self.fault is None:
            return ()
        return (FaultRule.model_validate({"fault": self.fault, "operation": operation, "times": 1, **self.options}),)


def ways() -> Iterator[Way]:
    """All of them."""
    yield Way("success")
    yield from _refusals()
    yield from _lost_answers()
    yield from _pages_for_answers()
    yield Way("unauthorized once", Fault.UNAUTHORIZED)
    yield from _either("throttled", Fault.THROTTLED)


def _refusals() -> Iterator[Way]:
    for shape in ErrorShape:
        for status in _REFUSAL_STATUSES:
            options = {"error_shape": shape, "status": status}
            yield Way(f"refused as {shape} with {status}", Fault.REFUSED, refused=True, options=options)


def _lost_answers() -> Iterator[Way]:
    yield Way("applied, then dropped", Fault.APPLY_THEN_DROP)
    yield Way("dropped before", Fault.DROP_BEFORE)
    yield from _either("reset", Fault.RESET)
    yield Way("truncated", Fault.TRUNCATED)
    yield Way("slow", Fault.SLOW, options={"delay_seconds": _SLOW_SECONDS})
    yield Way("dripping", Fault.DRIP, options={"byte_seconds": 0.2})


def _pages_for_answers() -> Iterator[Way]:
    yield from _either("500", Fault.ERROR_500)
    yield from _either("503", Fault.ERROR_500, status=503)
    yield from _either("html", Fault.HTML)
    yield from _either("empty", Fault.EMPTY)
    yield from _either("huge", Fault.HUGE, body_bytes=17 * 1024 * 1024)
    yield Way("redirect", Fault.REDIRECT)
    for garble in (Garble.NEAR_SUCCESS, Garble.TEXT, Garble.EMPTY_OBJECT):
        yield from _either(f"garbled {garble}", Fault.GARBLED, garble=garble)


def _either(name: str, fault: Fault, **options: object) -> Iterator[Way]:
    yield Way(f"{name}, applied", fault, options={**options, "applied": True})
    yield Way(f"{name}, not applied", fault, options={**options, "applied": False})

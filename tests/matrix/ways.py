"""Every way in which the provider may answer one call, and what it must come to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.provider.faults import ErrorShape, Fault, FaultRule, Garble
from sandbox.provider.operations.calls import Operation
from tests.matrix.rig import PATIENCE_SECONDS

_REFUSAL_STATUSES = (200, 400)
#: What a client waits for an answer that never comes in time; one that it gives up too early is only one more of these.
_PATIENCE_SECONDS = 0.2
_SLOW_SECONDS = 0.3


class Expected(StrEnum):
    """What it must come to: done exactly once, refused and unchanged, or reported as it is, whatever that is."""

    DONE = "done"
    REFUSED = "refused"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to answer the first call of an operation. `then_refused`: the second call of it is refused."""

    name: str
    fault: Fault | None = None
    expected: Expected = Expected.DONE
    options: dict[str, Any] = field(default_factory=dict)
    then_refused: bool = False

    def __str__(self) -> str:
        return self.name

    @property
    def patience_seconds(self) -> float:
        """What the client waits for each answer."""
        return _PATIENCE_SECONDS if self.fault in {Fault.SLOW, Fault.DRIP} else PATIENCE_SECONDS

    def rules(self, operation: Operation) -> tuple[FaultRule, ...]:
        """The faults of the first calls of that operation."""
        if self.fault is None:
            return ()
        first = FaultRule.model_validate({"fault": self.fault, "operation": operation, "times": 1, **self.options})
        refusal = FaultRule(fault=Fault.REFUSED, operation=operation, times=1)
        return (first, refusal) if self.then_refused else (first,)


def ways() -> Iterator[Way]:
    """All of them."""
    yield Way("success")
    yield from _refusals()
    yield from _lost_answers()
    yield from _pages_for_answers()
    yield from _refused_repeats()
    yield Way("unauthorized once", Fault.UNAUTHORIZED)
    yield from _either("throttled", Fault.THROTTLED)


def _refusals() -> Iterator[Way]:
    for shape in ErrorShape:
        for status in _REFUSAL_STATUSES:
            options = {"error_shape": shape, "status": status}
            yield Way(f"refused as {shape} with {status}", Fault.REFUSED, Expected.REFUSED, options=options)


def _refused_repeats() -> Iterator[Way]:
    yield Way("lost, then refused", Fault.APPLY_THEN_DROP, Expected.TRUTH, then_refused=True)
    yield Way("not applied and lost, then refused", Fault.DROP_BEFORE, Expected.TRUTH, then_refused=True)


def _lost_answers() -> Iterator[Way]:
    yield Way("applied, then dropped", Fault.APPLY_THEN_DROP)
    yield Way("dropped before", Fault.DROP_BEFORE)
    yield from _either("reset", Fault.RESET)
    yield Way("truncated", Fault.TRUNCATED)
    yield Way("slow", Fault.SLOW, options={"delay_seconds": _SLOW_SECONDS})
    yield Way("after early hints", Fault.EARLY_HINTS)
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

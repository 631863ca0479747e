"""A fault and the calls it befalls, as it is set over HTTP or from a test."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.provider.faults.shapes import ErrorShape, Garble, ThrottleHeaders
from sandbox.provider.operations.calls import Operation


class Fault(StrEnum):
    """A way for a call to go wrong.

    No answer: `apply_then_drop` changes the state, then closes the connection; `reset` does the same by a TCP reset;
    `drop_before` closes it without a change, and `outage` too, meant for every call.
    Late or odd, but the honest answer of a call that was applied: `slow`, also when the client has hung up; `held`, as
    soon as all rules are taken away; `drip`, a byte at a time; `huge`, behind a great many spaces; `truncated`, half;
    `early_hints`, behind an interim answer that comes as soon as the call has arrived (103, 102 or 100).
    Not the answer, and not applied unless the rule says so: `error_500` (a page with that status or another of its
    hundred), `html` (a page with status 200), `empty` (status 200 and no body), `garbled` (well-formed, of another
    shape), `throttled` (429). Never applied: `unauthorized` (as a wrong login), `refused` (an error in any shape),
    `redirect` (to another path; whatever a client sends there is a call of its own).
    """

    APPLY_THEN_DROP = "apply_then_drop"
    DROP_BEFORE = "drop_before"
    RESET = "reset"
    ERROR_500 = "error_500"
    SLOW = "slow"
    HELD = "held"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"
    REDIRECT = "redirect"
    HTML = "html"
    EMPTY = "empty"
    GARBLED = "garbled"
    TRUNCATED = "truncated"
    HUGE = "huge"
    DRIP = "drip"
    EARLY_HINTS = "early_hints"
    OUTAGE = "outage"


_APPLIED: Final = frozenset(
    {
        Fault.APPLY_THEN_DROP,
        Fault.RESET,
        Fault.SLOW,
        Fault.HELD,
        Fault.TRUNCATED,
        Fault.HUGE,
        Fault.DRIP,
        Fault.EARLY_HINTS,
    }
)
_MAY_BE_EITHER: Final = frozenset(
    {Fault.RESET, Fault.ERROR_500, Fault.THROTTLED, Fault.HTML, Fault.EMPTY, Fault.GARBLED, Fault.HUGE}
)
_REFUSALS: Final = range(400, 500)
_FAILURES: Final = range(500, 600)
# The statuses a rule may choose, the usual one first.
_STATUSES: Final = MappingProxyType(
    {
        Fault.ERROR_500: _FAILURES,
        Fault.REFUSED: (200, *_REFUSALS),
        Fault.REDIRECT: (307, 301, 302, 303, 308),
        Fault.HTML: (200, *_REFUSALS, *_FAILURES),
        Fault.EMPTY: (200, 204, *_REFUSALS, *_FAILURES),
        Fault.EARLY_HINTS: (103, 102, 100),
    }
)
_ONLY_OF: Final = MappingProxyType(
    {
        "byte_seconds": Fault.DRIP,
        "body_bytes": Fault.HUGE,
        "garble": Fault.GARBLED,
        "error_shape": Fault.REFUSED,
        "text": Fault.REFUSED,
        "location": Fault.REDIRECT,
        "headers": Fault.THROTTLED,
    }
)


class FaultRule(BaseModel):
    """A fault and the calls it befalls: those of `operation` (and `username`) for which every condition given holds.

    `nth` n: the nth matching call alone. `every` n: each nth. `probability`: drawn from `seed`. `times`: no more than
    so many calls. `for_seconds`: only so long after the rule was set. None given: each matching call, until the rule is
    taken away.
    `applied` makes a fault that may be either change the state, or not; `status` replaces the usual one. The rest is of
    one fault each: `delay_seconds` is how long `slow` takes before it applies and answers; `reset_seconds` how far
    ahead the 429 of `throttled` puts its reset, unless `headers` says which it has; `byte_seconds` the pause of `drip`;
    `body_bytes` the length of `huge`; `garble` what `garbled` sends; `location` where `redirect` points (usually the
    call's own path below `/moved`); `error_shape` and `text` what `refused` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: Fault
    operation: Operation | Literal["*"] = "*"
    username: str | None = None
    nth: int | None = Field(default=None, ge=1)
    times: int | None = Field(default=None, ge=1)
    every: int = Field(default=1, ge=1)
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0
    for_seconds: float | None = Field(default=None, gt=0)
    applied: bool | None = None
    status: int | None = None
    delay_seconds: float = Field(default=15.0, ge=0)
    reset_seconds: float = Field(default=1.0, ge=0)
    headers: ThrottleHeaders | None = None
    byte_seconds: float = Field(default=1.0, ge=0)
    body_bytes: int = Field(default=100 * 1024 * 1024, ge=1)
    garble: Garble = Garble.NEAR_SUCCESS
    error_shape: ErrorShape = ErrorShape.ERR
    text: str = "the request was refused"
    location: str | None = Field(default=None, pattern=r"^[\x21-\x7e]+$")

    @model_validator(mode="after")
    def _is_sound(self) -> "FaultRule":
        if self.applied is not None and self.fault not in _MAY_BE_EITHER:
            raise ValueError(f"Leave out applied: {self.fault} is always or never applied.")
        if self.nth is not None and self.every != 1:
            raise ValueError("Leave out nth or every: together they pick no call or the same as one of them.")
        if self.status is not None and self.status not in _STATUSES.get(self.fault, ()):
            raise ValueError(f"Leave out status, or choose another: {self.fault} is never answered with {self.status}.")
        for name, fault in _ONLY_OF.items():
            if self.fault is not fault and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"Leave out {name}: it is for {fault} alone.")
        return self

    @property
    def is_applied(self) -> bool:
        """Whether a call that this befalls still takes effect."""
        return self.fault in _APPLIED if self.applied is None else self.applied

    @property
    def status_or_usual(self) -> int:
        """The HTTP status this answers with, `early_hints` at first; 200 for a fault that has no status of its own."""
        return self.status or _STATUSES.get(self.fault, (200,))[0]

    def concerns(self, operation: Operation, username: str) -> bool:
        """Whether a call is one of those that this may befall."""
        if self.operation not in {"*", operation}:
            return False
        return self.username is None or self.username.lower() == username.lower()


class FaultInForce(FaultRule):
    """A rule as the control lists it, with how many calls it has met and befallen."""

    met: int
    befallen: int

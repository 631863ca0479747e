"""Faults on demand: which calls go wrong, how, and what that leaves of the state."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.provider.operations.calls import Operation


class Fault(StrEnum):
    """A way for a call to go wrong.

    `apply_then_drop`: the state changes, the connection is closed without an answer. `drop_before`: closed before that.
    `outage`: the same, meant for every call. `slow`: applied and answered late, also when the client has hung up.
    `truncated`: applied, half of the answer's body. `error_500`, `html` (a page with status 200), `throttled` (429) and
    `unauthorized` (as a wrong login): not applied, unless the rule says so of the first three.
    """

    APPLY_THEN_DROP = "apply_then_drop"
    DROP_BEFORE = "drop_before"
    ERROR_500 = "error_500"
    SLOW = "slow"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"
    HTML = "html"
    TRUNCATED = "truncated"
    OUTAGE = "outage"


_APPLIED: Final = MappingProxyType(
    {
        Fault.APPLY_THEN_DROP: True,
        Fault.DROP_BEFORE: False,
        Fault.ERROR_500: False,
        Fault.SLOW: True,
        Fault.THROTTLED: False,
        Fault.UNAUTHORIZED: False,
        Fault.HTML: False,
        Fault.TRUNCATED: True,
        Fault.OUTAGE: False,
    }
)
_MAY_BE_EITHER: Final = frozenset({Fault.ERROR_500, Fault.THROTTLED, Fault.HTML})


class FaultRule(BaseModel):
    """A fault and the calls it befalls: those of `operation` (and `username`) for which every condition given holds.

    `every` n: each nth matching call. `probability`: drawn from `seed`. `times`: no more than so many calls.
    `for_seconds`: only so long after the rule was set. None given: each matching call, until the rule is taken away.
    `delay_seconds` is how long `slow` takes before it applies and answers; `reset_seconds` how far ahead the 429 of
    `throttled` puts its reset; `applied` makes `error_500`, `throttled` and `html` change the state all the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: Fault
    operation: Operation | Literal["*"] = "*"
    username: str | None = None
    times: int | None = Field(default=None, ge=1)
    every: int = Field(default=1, ge=1)
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0
    for_seconds: float | None = Field(default=None, gt=0)
    delay_seconds: float = Field(default=15.0, ge=0)
    reset_seconds: float = Field(default=1.0, ge=0)
    applied: bool | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> "FaultRule":
        if self.applied is not None and self.fault not in _MAY_BE_EITHER:
            raise ValueError(f"Leave out applied: {self.fault} is always or never applied.")
        return self

    @property
    def is_applied(self) -> bool:
        """Whether a call that this befalls still takes effect."""
        return _APPLIED[self.fault] if self.applied is None else self.applied

    def concerns(self, operation: Operation, username: str) -> bool:
        """Whether a call is one of those that this may befall."""
        if self.operation not in {"*", operation}:
            return False
        return self.username is None or self.username.lower() == username.lower()


@dataclass(slots=True)
class ArmedRule:
    """A rule in force, and how many calls it has met and befallen since it was set at `armed_at` (clock seconds)."""

    rule: FaultRule
    armed_at: float
    dice: random.Random
    met: int = 0
    befallen: int = 0

    def is_over(self, now: float) -> bool:
        """Whether it can befall no further call."""
        rule = self.rule
        is_spent = rule.times is not None and self.befallen >= rule.times
        return is_spent or (rule.for_seconds is not None and now >= self.armed_at + rule.for_seconds)

    def befalls(self) -> bool:
        """Whether the matching call that has just been met goes wrong."""
        self.met += 1
        is_due = self.met % self.rule.every == 0 and self.dice.random() < self.rule.probability
        self.befallen += is_due
        return is_due


class Faults:
    """The rules in force, oldest first: the first that befalls a call is the only one it suffers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._armed: list[ArmedRule] = []

    @property
    def armed(self) -> tuple[ArmedRule, ...]:
        """The rules that can still befall a call."""
        self._drop_what_is_over()
        return tuple(self._armed)

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Puts further rules in force, behind those that are."""
        now = self._clock()
        # Seeded on purpose: a test that fails must fail again.
        self._armed += [ArmedRule(rule, now, random.Random(rule.seed)) for rule in rules]  # noqa: S311 - no secret

    def clear(self) -> None:
        """Takes all rules away."""
        self._armed.clear()

    def draw(self, operation: Operation, username: str) -> FaultRule | None:
        """The rule that befalls the call which has just arrived, or None."""
        self._drop_what_is_over()
        for armed in self._armed:
            if armed.rule.concerns(operation, username) and armed.befalls():
                return armed.rule
        return None

    def _drop_what_is_over(self) -> None:
        if self._armed:
            now = self._clock()
            self._armed = [armed for armed in self._armed if not armed.is_over(now)]

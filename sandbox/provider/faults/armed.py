"""The rules in force, and which of the calls that arrive each of them befalls."""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.provider.faults.rules import FaultRule
from sandbox.provider.operations.calls import Operation


@dataclass(slots=True)
class ArmedRule:
    """A rule in force, and how many calls it has met and befallen since it was set at `armed_at` (clock seconds).

    A call that an older rule befalls is not met.
    """

    rule: FaultRule
    armed_at: float
    dice: random.Random
    met: int = 0
    befallen: int = 0

    def is_over(self, now: float) -> bool:
        """Whether it can befall no further call."""
        rule = self.rule
        is_spent = rule.times is not None and self.befallen >= rule.times
        is_past = rule.nth is not None and self.met >= rule.nth
        return is_spent or is_past or (rule.for_seconds is not None and now >= self.armed_at + rule.for_seconds)

    def befalls(self) -> bool:
        """Whether the matching call that has just been met goes wrong."""
        self.met += 1
        rule = self.rule
        is_due = self.met % rule.every == 0 if rule.nth is None else self.met == rule.nth
        # Drawn only for a call whose turn it is: the same seed picks the same of those.
        is_befallen = is_due and self.dice.random() < rule.probability
        self.befallen += is_befallen
        return is_befallen


class Faults:
    """The rules in force, oldest first: the first that befalls a call is the only one it suffers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._armed: list[ArmedRule] = []
        self.lifted = asyncio.Event()  # set when the rules of now are taken away

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
        self.lifted.set()
        self.lifted = asyncio.Event()

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

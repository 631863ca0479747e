"""Medians, spreads, percentiles, and ratios between runs of one round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

_ALL = 100


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, middle and most of several figures."""

    least: float
    middle: float
    most: float

    def text(self, form: str) -> str:
        """`middle (least-most)` in that format; the middle alone when all three look the same."""
        least, middle, most = (format(value, form) for value in (self.least, self.middle, self.most))
        return middle if least == most else f"{middle} ({least}-{most})"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one figure."""
    return Spread(min(values), median(values), max(values))


def ratios(ours: Mapping[int, float], theirs: Mapping[int, float]) -> list[float]:
    """Divide ours by theirs, round by round: what else the machine did differs between rounds, less within one.

    A round that one of the two is missing in does not count.
    """
    return [ours[number] / theirs[number] for number in sorted(ours.keys() & theirs.keys()) if theirs[number]]


def percentile(ordered: Sequence[float], hundredth: int) -> float | None:
    """The nearest rank in sorted figures; None when there are so few that it would be but the largest of them."""
    if len(ordered) * (_ALL - hundredth) < _ALL:
        return None
    rank = -(-len(ordered) * hundredth // _ALL)
    return ordered[rank - 1]

"""Draws results as plain SVG: bars of the rates with their spread, and lines of the growth curves."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from bench.arithmetic import Spread
from bench.report import rate_spread
from bench.results import BenchResults, Point
from bench.systems import CASES, SYSTEMS, WORKER, Case

_PANEL_WIDTH, _LABEL_WIDTH, _BAR, _GAP, _MARGIN = 420, 90, 16, 7, 24
_OURS, _OTHERS, _INK, _FAINT = "#1f6feb", "#b8c1cc", "#24292f", "#d8dee4"
_LINE_HEIGHT = 180


def bars(results: BenchResults) -> str:
    """One panel for each case, one bar for each system: median commands a second, a line from the least to the most."""
    panel_height = _MARGIN + len(SYSTEMS) * (_BAR + _GAP) + _MARGIN
    most = max((found.most for case in CASES for _, found in _found(results, case)), default=1.0)
    drawn: list[str] = []
    for number, case in enumerate(CASES):
        left, top = (number % 2) * (_PANEL_WIDTH + _MARGIN), (number // 2) * panel_height
        title = f"{case.latency_seconds * 1000:.0f} ms at the provider, {case.calls} calls at once: commands/s"
        drawn.append(_group(left, top, [_text(0, 14, title, bold=True), *_panel(results, case, most)]))
    return _svg(2 * _PANEL_WIDTH + _MARGIN, 2 * panel_height, drawn)


def lines(curves: Mapping[str, Sequence[Point]]) -> str:
    """One panel for each curve: commands a second over the size, whose scale is logarithmic."""
    drawn = [
        _group(number * (_PANEL_WIDTH // 2 + _MARGIN), 0, [_text(0, 14, name, bold=True), *_curve(points)])
        for number, (name, points) in enumerate(curves.items())
    ]
    return _svg(max(1, len(curves)) * (_PANEL_WIDTH // 2 + _MARGIN), _LINE_HEIGHT + 3 * _MARGIN, drawn)


def _found(results: BenchResults, case: Case) -> Iterator[tuple[int, Spread]]:
    for place, system in enumerate(SYSTEMS):
        if (found := rate_spread(results, system, case)) is not None:
            yield place, found


def _panel(results: BenchResults, case: Case, most: float) -> Iterator[str]:
    scale = (_PANEL_WIDTH - _LABEL_WIDTH - 2 * _MARGIN) / most
    for place, found in _found(results, case):
        system, y = SYSTEMS[place], _MARGIN + place * (_BAR + _GAP)
        width, middle = found.middle * scale, y + _BAR / 2
        colour = _OURS if system is WORKER else _OTHERS
        yield _text(0, y + _BAR - 4, system.name)
        yield f'<rect x="{_LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>'
        yield _stroke(_LABEL_WIDTH + found.least * scale, middle, _LABEL_WIDTH + found.most * scale, middle)
        yield _text(_LABEL_WIDTH + found.most * scale + 6, y + _BAR - 4, f"{found.middle:.0f}")


def _curve(points: Sequence[Point]) -> Iterator[str]:
    if not points:
        return
    width, top = _PANEL_WIDTH // 2 - 30, _MARGIN + 6
    first, last = math.log10(points[0].size), math.log10(points[-1].size)
    most = max(point.commands_per_second for point in points)
    places = [
        (
            15 + (math.log10(point.size) - first) / ((last - first) or 1) * width,
            top + _LINE_HEIGHT - point.commands_per_second / most * (_LINE_HEIGHT - 20),
        )
        for point in points
    ]
    yield _stroke(15, top + _LINE_HEIGHT, 15 + width, top + _LINE_HEIGHT, _FAINT)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{_OURS}" stroke-width="2"/>'
    for point, (x, y) in zip(points, places, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_OURS}"/>'
        yield _text(x, y - 7, f"{point.commands_per_second:.0f}", anchor="middle")
        yield _text(x, top + _LINE_HEIGHT + 16, _short(point.size), anchor="middle")


def _short(size: int) -> str:
    for unit, name in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit:
            return f"{size / unit:g}{name}"
    return str(size)


def _group(left: float, top: float, inner: Sequence[str]) -> str:
    return f'<g transform="translate({left},{top})">{"".join(inner)}</g>'


def _text(x: float, y: float, words: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str = _INK) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _svg(width: float, height: float, drawn: Sequence[str]) -> str:
    box = f"{-_MARGIN} {-_MARGIN} {width + 2 * _MARGIN} {height + 2 * _MARGIN}"
    background = f'<rect x="{-_MARGIN}" y="{-_MARGIN}" width="100%" height="100%" fill="#ffffff"/>'
    style = f'font-family="sans-serif" font-size="12" fill="{_INK}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {style}>'
    return "\n".join([head, background, *drawn, "</svg>", ""])

"""The drawings: well-formed, and as long as the figures say."""

import xml.etree.ElementTree as ET

from bench import plot
from bench.results import Point
from bench.systems import CASES, SYSTEMS
from tests.unit.bench.given import results

_SVG = "{http://www.w3.org/2000/svg}"


def widths(drawing: str) -> list[float]:
    rectangles = ET.fromstring(drawing).findall(f".//{_SVG}g/{_SVG}rect")  # noqa: S314 - our own drawing
    return [float(rectangle.attrib["width"]) for rectangle in rectangles]


def test_there_is_a_bar_for_each_system_in_each_case_and_twice_the_rate_is_twice_as_long() -> None:
    bars = widths(plot.bars(results(400.0)))

    assert len(bars) == len(CASES) * len(SYSTEMS)
    assert round(bars[0] / bars[1], 2) == 2.0
    assert 200 < max(bars) < 420


def test_without_a_run_there_is_no_bar() -> None:
    assert widths(plot.bars(results())) == []


def test_a_curve_rises_from_left_to_right_where_the_rate_does() -> None:
    drawing = plot.lines({"A & B": [Point(1, 100.0, 1.0, 1), Point(1_000, 400.0, 1.0, 1)]})

    first, second = ET.fromstring(drawing).findall(f".//{_SVG}circle")  # noqa: S314 - our own drawing
    assert float(first.attrib["cx"]) < float(second.attrib["cx"])
    assert float(first.attrib["cy"]) > float(second.attrib["cy"])
    assert "1k" in drawing

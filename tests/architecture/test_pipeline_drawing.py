"""What the documentation shows of the pipeline is its table in the code."""

import re

from tests.architecture.pipeline_drawing import PAGE, drawn
from tests.architecture.rendering import ROOT


def test_the_drawing_is_that_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert drawn(page) == page, "draw it anew: python -m tests.architecture.pipeline_drawing"


def test_every_module_that_the_page_names_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)`", PAGE.read_text(encoding="utf-8"))

    assert named
    assert [name for name in named if not ((ROOT / name).is_file() or (ROOT / "worker" / name).is_file())] == []

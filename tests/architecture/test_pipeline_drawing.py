"""What the documentation shows of the pipeline is its table in the code."""

from tests.architecture.pipeline_drawing import PAGE, drawn


def test_the_drawing_is_that_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert drawn(page) == page, "draw it anew: python -m tests.architecture.pipeline_drawing"

"""Draws the pipeline's table into docs/architecture.md: `python -m tests.architecture.pipeline_drawing`."""

from itertools import pairwise
from pathlib import Path

from tests.architecture.rendering import ROOT
from worker.pipeline.stages import TABLE, Response, Row

PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- drawn from worker/pipeline/stages.py -->", "<!-- end of the drawing -->"


def drawing() -> str:
    """The drawing, the stages and what becomes of their failures, as Markdown."""
    nodes = [f'    {row.stage}["{row.stage}{" *" if row.batch else ""}<br>{row.thread}"]' for row in TABLE]
    arrows = [f"    {one.stage} --> {other.stage}" for one, other in pairwise(TABLE)]
    flow = ["```mermaid", "flowchart LR", *nodes, *arrows, "```"]
    stages = ["| stage | thread | takes | gives |", "|---|---|---|---|", *map(_stage, TABLE)]
    failures = ["| when | at | then |", "|---|---|---|", *_failures()]
    return "\n".join([*flow, "", "`*`: takes all that has come together.", "", *stages, "", *failures])


def drawn(page: str) -> str:
    """The page with the drawing of the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


def _stage(row: Row) -> str:
    return f"| {row.stage}{' *' if row.batch else ''} | {row.thread} | {row.takes} | {row.gives} |"


def _failures() -> list[str]:
    places: dict[tuple[str, Response], list[str]] = {}
    for row in TABLE:
        for kind, response in row.failures.items():
            places.setdefault((kind.__name__, response), []).append(row.stage)
    return [f"| `{kind}` | {', '.join(stages)} | {response} |" for (kind, response), stages in sorted(places.items())]


def main(page: Path = PAGE) -> None:
    """Draw it into the page."""
    page.write_text(drawn(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

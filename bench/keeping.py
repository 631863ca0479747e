"""Keeps results in a folder: the JSON file, the drawings, and the tables in the text that stands around them."""

from pathlib import Path

from bench import plot, report
from bench.growth import CURVES
from bench.results import BenchResults, read, written
from bench.systems import PROJECT

DOCS = PROJECT / "docs"
_TEXT = "benchmarks.md"


def keep(results: BenchResults, folder: Path) -> str:
    """Write all of it and return the tables. Only what was measured is replaced, runs or curves."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = [_kept_runs(results, folder)] if results.runs else []
    tables += [_kept_curves(results, folder)] if results.curves else []
    return "\n\n".join(tables)


def rewrite(folder: Path) -> None:
    """Draw and write anew what the JSON files there say. Raises OSError when there is none."""
    for path in sorted(folder.glob("benchmarks*.json")):
        keep(read(path.read_bytes()), folder)


def section(text: str, name: str, body: str) -> str:
    """Replace what stands between the marks of that name; a text without them gets them at its end."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    if not found:
        return f"{text.rstrip()}\n\n{begin}\n{body}\n{end}\n".lstrip()
    return f"{before}{begin}\n{body}\n{end}{rest.partition(end)[2]}"


def _kept_runs(results: BenchResults, folder: Path) -> str:
    (folder / "benchmarks.json").write_bytes(written(results))
    (folder / "benchmarks.svg").write_text(plot.bars(results), encoding="utf-8")
    tables = report.report(results)
    _into_text(folder, "tables", f"![commands a second](benchmarks.svg)\n\n{tables}")
    return tables


def _kept_curves(results: BenchResults, folder: Path) -> str:
    (folder / "benchmarks-growth.json").write_bytes(written(results))
    titles = {CURVES[name].title: points for name, points in results.curves.items()}
    (folder / "benchmarks-growth.svg").write_text(plot.lines(titles), encoding="utf-8")
    tables = report.growth(results, {name: (growth.title, growth.what) for name, growth in CURVES.items()})
    _into_text(folder, "growth", f"![commands a second](benchmarks-growth.svg)\n\n{tables}")
    return tables


def _into_text(folder: Path, name: str, body: str) -> None:
    path = folder / _TEXT
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(section(text, name, body), encoding="utf-8")

"""How results are kept: nothing is lost on the way to the file, and only the tables of a text are replaced."""

from pathlib import Path

from bench import keeping
from bench.results import read, written
from tests.unit.bench.given import results


def test_what_is_written_is_read_again() -> None:
    assert written(read(written(results(400.0, 500.0)))) == written(results(400.0, 500.0))


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    text = "before\n<!-- tables -->\nold\n<!-- end of tables -->\nafter\n"

    assert keeping.section(text, "tables", "new") == "before\n<!-- tables -->\nnew\n<!-- end of tables -->\nafter\n"


def test_a_text_without_the_marks_gets_them() -> None:
    assert keeping.section("", "tables", "new") == "<!-- tables -->\nnew\n<!-- end of tables -->\n"


def test_a_folder_gets_the_results_the_drawings_and_the_tables(tmp_path: Path) -> None:
    keeping.keep(results(400.0), tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    keeping.rewrite(tmp_path)

    assert set(first) == {
        "benchmarks.json",
        "benchmarks.svg",
        "benchmarks-growth.json",
        "benchmarks-growth.svg",
        "benchmarks.md",
    }
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first

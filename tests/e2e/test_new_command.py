"""A command that sets something is registered once: at the few places that CONTRIBUTING.md names, and nowhere else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.new_command import EDITS, add_to

ROOT = Path(__file__).parents[2]
PARTS = ("messages", "worker", "sandbox", "tests")
MOST_PLACES = 5
#: Tests that are about every command; the page for emitters and the examples to send are written by hand.
ABOUT_EVERY_COMMAND = (
    "tests/unit/messages/test_commands.py",
    "tests/unit/messages/test_events.py",
    "tests/unit/messages/contract/test_corpus.py",
    "tests/unit/messages/contract/test_agreement.py",
    "tests/unit/domain/test_result_events.py",
    "tests/unit/handlers/test_handlers.py",
    "tests/unit/provider/test_calls.py",
    "tests/unit/pipeline/test_pipeline_commands.py",
    "tests/architecture/test_schema_drift.py",
    "tests/matrix/test_readings.py",
)
#: Of these a part says it all: each test there plays every command, under one doubt about the provider after the other.
NARROWED = {"tests/matrix/test_readings.py": "has_a_case or error_status"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one command more."""
    copied = tmp_path_factory.mktemp("tree")
    for part in PARTS:
        shutil.copytree(ROOT / part, copied / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copied)
    add_to(copied)
    return copied


def run_in(tree: Path, *words: str) -> str:
    """Run a module of the copy to its end."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", *words], cwd=tree, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_places_are_few_and_named_to_who_adds_a_command() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert len(EDITS) <= MOST_PLACES
    assert [place for place in EDITS if f"`{place}`" not in page] == []


def test_a_worker_applies_a_command_that_was_added_there(tree: Path, broker: OwnBroker) -> None:
    result = json.loads(run_in(tree, "tests.support.new_command", broker.url))

    assert result["type"] == "PhoneChanged", str(result["data"])
    assert (result["data"]["outcome"], result["data"]["phone"]) == ("applied", "1")
    assert (result["repeat"], result["made"], result["phone"]) == ("the same", ["set_phone"], "1")


@pytest.fixture(scope="module")
def generated(tree: Path) -> Path:
    """The copy, with all that is generated from the commands made anew."""
    run_in(tree, "worker", "schema", "export", "messages/schema")
    run_in(tree, "tests.support.corpus")
    return tree


# Each with the time of a test of its own: together they last long on a busy machine.
@pytest.mark.parametrize("about", ABOUT_EVERY_COMMAND)
def test_the_tests_about_every_command_take_it_in(generated: Path, about: str) -> None:
    chosen = NARROWED.get(about, "ChangePhone or every")

    run_in(generated, "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, about)

"""The import rules of pyproject.toml hold, without exceptions, and leave no library without a room."""

import re
import tomllib
from typing import Any

import pytest
from importlinter.api import read_configuration
from importlinter.cli import lint_imports

from tests.architecture.rendering import ROOT
from tests.architecture.test_conventions import modules

PYPROJECT = ROOT / "pyproject.toml"
#: What every package may use: its models are the language that the packages speak to each other.
EVERYWHERE = {"pydantic", "pydantic_core"}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def contracts() -> list[dict[str, Any]]:
    return list(read_configuration(str(PYPROJECT))["contracts_options"])


def test_every_import_rule_holds(capsys: pytest.CaptureFixture[str]) -> None:
    broken = lint_imports(config_filename=str(PYPROJECT), no_cache=True, no_logo=True)

    assert not broken, capsys.readouterr().out


def test_no_rule_has_an_exception(contracts: list[dict[str, Any]]) -> None:
    loopholes = {"ignore_imports", "exhaustive_ignores", "allow_indirect_imports", "as_packages"}

    assert contracts
    assert [contract["id"] for contract in contracts if contract.keys() & loopholes] == []


def test_the_rules_cover_everything_that_is_shipped(project: dict[str, Any]) -> None:
    shipped = project["tool"]["uv"]["build-backend"]["module-name"]

    assert sorted(project["tool"]["importlinter"]["root_packages"]) == sorted(shipped)


def test_every_library_has_a_room(project: dict[str, Any], contracts: list[dict[str, Any]]) -> None:
    extras = project["project"]["optional-dependencies"].values()
    wanted = [*project["project"]["dependencies"], *(each for extra in extras for each in extra)]
    libraries = {re.split(r"[^\w-]", each)[0].replace("-", "_") for each in wanted}
    confined = {name for contract in contracts for name in contract.get("protected_modules", [])}
    nobodys = {name for contract in contracts for name in contract.get("forbidden_modules", [])}

    assert libraries - EVERYWHERE <= confined | nobodys


def test_only_the_provider_room_knows_which_login_is_which() -> None:
    rooms = [path.relative_to(ROOT) for path in modules("worker") if path.name != "errors.py"]
    steering = [
        str(path) for path in rooms if re.search(r"\bProviderLogin\.V\d", (ROOT / path).read_text(encoding="utf-8"))
    ]

    assert [path for path in steering if not path.startswith("worker/provider/")] == []

"""The page about the stand-in: every switch, fault, field of a fault and endpoint is in it, and its examples work."""

import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.provider.accounts.seed import demo_seed
from sandbox.provider.endpoints.control import Control, fault_rules
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.faults.shapes import ErrorShape, Garble, ThrottleHeaders
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.calls import Operation
from sandbox.provider.settings import RowExtra, SandboxConfig, Switches, values_of
from sandbox.provider.standin import StandIn

PAGE = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def row_of(name: str) -> str:
    """The line of the table that begins with that name."""
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line.split("|")[1]]
    assert len(rows) == 1, name
    return rows[0]


@pytest.mark.parametrize("name", Switches.model_fields)
def test_every_switch_has_a_row_with_its_values_and_its_default(name: str) -> None:
    cells = [cell.strip() for cell in row_of(name).split("|")]
    default = Switches.model_fields[name].default

    assert [value for value in values_of(name).split("|") if f"`{value}`" not in cells[2]] == []
    shown = "none" if default in (None, frozenset()) else str(default).lower()
    assert cells[3] == f"`{shown}`"
    assert cells[4]


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_row(fault: Fault) -> None:
    assert row_of(fault)


def test_every_field_and_every_word_of_a_fault_is_named() -> None:
    words = [*FaultRule.model_fields, *ThrottleHeaders.model_fields, *Garble, *ErrorShape, *Operation, *RowExtra]

    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_every_endpoint_and_every_field_of_the_journal_is_named() -> None:
    endpoints = {f"/_sandbox{route.path}" for route in Control(StandIn(SandboxConfig())).routes()}

    assert [path for path in endpoints if path not in PAGE] == []
    assert [name for name in JournalEntry.__slots__ if f"`{name}`" not in PAGE] == []


def test_the_faults_of_the_examples_can_be_set() -> None:
    bodies = re.findall(r"_sandbox/faults -d '([^']+)'", PAGE)

    assert len(bodies) >= 2
    assert all(fault_rules(body.encode()) for body in bodies)


def test_the_login_is_the_one_it_starts_with() -> None:
    reseller: Any = demo_seed().resellers[0]

    for word in (reseller.api_user, reseller.api_key.get_secret_value(), reseller.v3_api_key.get_secret_value()):
        assert f"`{word}`" in PAGE


def test_the_page_is_short() -> None:
    text, _, checks = PAGE.partition("\n## The numbered checks\n")

    assert len(text.splitlines()) < 120
    assert len(checks.splitlines()) < 90

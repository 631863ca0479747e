"""`customers list` against the stand-in: each customer once, in whatever pages, and clear words when it fails."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.provider.accounts.seed import Seed, SeedCustomer, check_seed
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.calls import Operation
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig, Switches
from worker.cli.main import main

KEY = "pl4nted & <kéy> 100%"
MANY = 1_200

Run = Callable[..., int]


def seed() -> Seed:
    """Many customers in two cities, every fifth of whom may not send."""
    start = check_seed()
    acme = start.resellers[0].model_copy(update={"api_key": SecretStr(KEY)})
    customers = tuple(
        SeedCustomer(
            reseller="acme",
            username=f"c{number}@x.com",
            password=SecretStr("password"),
            email=f"c{number}@x.com",
            city="Łódź" if number % 2 else "York",
            active=number % 5 > 0,
        )
        for number in range(MANY)
    )
    return Seed(resellers=(acme, *start.resellers[1:]), customers=customers)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=seed())) as remote:
        yield remote


@pytest.fixture
def sandbox(stand_in: RemoteSandbox) -> RemoteSandbox:
    stand_in.reset()
    return stand_in


@pytest.fixture
def run(sandbox: RemoteSandbox, monkeypatch: pytest.MonkeyPatch) -> Run:
    settings = {"BASE_URL": sandbox.url, "API_USER": "acme", "API_KEY": KEY, "TIMEOUT_SECONDS": "2"}
    for name, value in settings.items():
        monkeypatch.setenv(f"PROVISIONING_PROVIDER__{name}", value)
    monkeypatch.setenv("COLUMNS", "200")

    def typed(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["provisioning-worker", "customers", "list", *words])
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
        return 0

    return typed


def rows(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def numbers(text: str) -> list[int]:
    return [int(row["username"].partition("@")[0][1:]) for row in rows(text)]


def test_all_pages_are_shown_each_customer_once_in_the_providers_order(
    run: Run, sandbox: RemoteSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    captured = capsys.readouterr()
    assert numbers(captured.out) == list(range(MANY))
    assert captured.err == ""
    pages = sandbox.journal()
    assert len(pages) > 2
    assert {entry.operation for entry in pages} == {Operation.RETRIEVE}


def test_a_row_has_every_field_that_the_provider_lists(
    run: Run, sandbox: RemoteSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.set_switches(Switches.model_validate({"row_extra": "website_access"}))
    assert run("--where", "username=c7@x.com", "--exact", "--output", "json") == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["username"], row["active"], row["city"], row["website_access"]) == ("c7@x.com", "true", "Łódź", "true")
    assert len(row) == 13


def test_filters_find_what_contains_them_and_all_must_match(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--where", "username=C11", "--where", "active=false", "--where", "city=łó") == 0
    assert numbers(capsys.readouterr().out) == [115, 1105, 1115, 1125, 1135, 1145, 1155, 1165, 1175, 1185, 1195]


def test_exact_leaves_out_what_only_contains_the_value(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--exact", "--where", "username=c11@x.com", "--where", "active=true") == 0
    assert numbers(capsys.readouterr().out) == [11]
    assert run("--exact", "--where", "username=C11@x.com") == 0
    assert capsys.readouterr().out == ""


def test_a_limit_and_an_offset_cut_and_what_follows_is_reported(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--limit", "3", "--offset", "499", "--exact", "--where", "city=York") == 0
    captured = capsys.readouterr()
    assert numbers(captured.out) == [998, 1000, 1002]
    assert captured.err == "there are more; the next ones follow with --offset 502\n"
    assert run("--limit", "100", "--offset", "502", "--exact", "--where", "city=York") == 0
    captured = capsys.readouterr()
    assert numbers(captured.out) == list(range(1004, MANY, 2))
    assert captured.err == ""


def test_what_is_not_there_is_an_empty_list(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--where", "username=nobody", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run("--where", "username=nobody") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--where", "username=nobody"), "no customer matches"),
        (
            ("--exact", "--where", "username=C11@x.com"),
            "no customer matches; --exact tells upper from lower case, so try it without",
        ),
        (
            ("--exact", "--where", "active=true", "--offset", "5000"),
            "--offset 5000 is beyond the end: 960 customers match",
        ),
        (("--where", "username=c77@", "--offset", "1"), "--offset 1 is beyond the end: 1 customer matches"),
        (("--where", "username=nobody", "--offset", "1"), "no customer matches"),
    ],
)
def test_why_nothing_is_shown_is_shown_beside_the_list(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert run(*words) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{message}\n")


@pytest.mark.parametrize("edition", ["reseller", "distributor"])
def test_the_list_is_read_as_json_whatever_the_format_of_answers(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], edition: str
) -> None:
    monkeypatch.setenv("PROVISIONING_PROVIDER__FORMAT", "xml")
    monkeypatch.setenv("PROVISIONING_PROVIDER__EDITION", edition)
    assert run("--where", "username=c77@") == 0
    [row] = rows(capsys.readouterr().out)
    assert (row["username"], row["city"]) == ("c77@x.com", "Łódź")


def test_a_table_has_the_columns_that_people_look_for(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--where", "username=c77@", "--output", "table") == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["username", "email", "active", "first_name", "last_name", "city", "country"]
    assert row.split() == ["c77@x.com", "c77@x.com", "true", "Ada", "Byron", "Łódź", "US"]


@pytest.mark.parametrize("how", ["nest401", "errors", "html403"])
def test_a_refused_login_names_the_settings_and_shows_no_secret(
    run: Run,
    sandbox: RemoteSandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: str,
) -> None:
    sandbox.set_switches(Switches.model_validate({"auth_error": how, "echo": True}))
    monkeypatch.setenv("PROVISIONING_PROVIDER__API_KEY", f"{KEY}!")
    assert run() == 78
    captured = capsys.readouterr()
    assert "PROVISIONING_PROVIDER__API_USER and __API_KEY" in captured.err
    assert captured.out == ""
    assert "pl4nted" not in captured.err


def test_a_provider_that_is_not_there_exits_69_and_says_where_it_was_looked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROVISIONING_PROVIDER__BASE_URL", "http://127.0.0.1:9")
    assert run() == 69
    assert "PROVISIONING_PROVIDER__BASE_URL" in capsys.readouterr().err


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.DROP_BEFORE, Fault.HTML, Fault.TRUNCATED, Fault.THROTTLED])
def test_a_list_that_breaks_off_says_so_and_exits_69(
    run: Run, sandbox: RemoteSandbox, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    sandbox.inject(FaultRule(fault=fault, operation=Operation.RETRIEVE, every=2))
    assert run() == 69
    captured = capsys.readouterr()
    shown = len(rows(captured.out))
    assert 0 < shown < MANY
    assert captured.err.startswith(f"the list broke off after {shown} customers: ")

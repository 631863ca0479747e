"""`customers list` reads its question before it asks it: what cannot be meant is refused, and nothing is sent."""

from collections.abc import Callable

import pytest

from messages.commands import RetrieveCustomers
from worker.cli.main import main

Run = Callable[..., int]
FILTERS = tuple(name for name in RetrieveCustomers.model_fields if name not in {"limit", "offset"})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")

    def typed(*words: str) -> int:
        monkeypatch.setattr("sys.argv", ["provisioning-worker", "customers", "list", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    return typed


def as_one_line(text: str) -> str:
    """What a box of the usage error holds, without its frame."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--where", "emial=ada"), "emial is not a field; did you mean email?"),
        (("--where", "limit=5"), "limit is not a field"),
        (("--where", "foo=1"), f"foo is not a field; write FIELD=VALUE with one of: {', '.join(FILTERS)}"),
        (("--where", "=ada"), f"=ada names no field; write FIELD=VALUE with one of: {', '.join(FILTERS)}"),
        (("--where", "email"), "email has no value; write email=VALUE"),
        (("--where", "email="), "email has no value; write email=VALUE"),
        (("--where", "city=Paris", "--where", "city=Rome"), "city is given twice"),
        (("--where", "active=yes"), "active: must be true or false"),
        (("--where", f"city={'x' * 256}"), "city: must have at most 255 characters"),
        (("--where", "city=\udcff"), "city: must be valid Unicode text"),
        (("--exact", "--where", "company=Acme"), "company cannot be compared by --exact"),
        (("--limit", "0"), "--limit"),
        (("--offset", "-1"), "--offset"),
        (("--output", "xml"), "--output"),
    ],
)
def test_a_question_that_cannot_be_meant_is_a_usage_error(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], fault: str
) -> None:
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert fault in as_one_line(captured.err)
    assert captured.out == ""


def test_each_filter_of_the_provider_may_be_given_and_all_are_named_in_the_help(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(FILTERS) == 13
    words = [word for name in FILTERS for word in ("--where", f"{name}={'true' if name == 'active' else 'a=b'}")]
    # Read without a fault, it goes on to the settings, of which there are none.
    assert run(*words) == 78
    assert run("--help") == 0
    captured = capsys.readouterr()
    assert [name for name in FILTERS if name not in captured.out] == []
    assert "69" in captured.out
    assert "78" in captured.out


def test_it_needs_the_providers_settings_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PROVISIONING_AMQP__PREFETCH", "nonsense")
    monkeypatch.setenv("PROVISIONING_LEDGER__URL", "nonsense://")
    monkeypatch.setenv("PROVISIONING_PROVIDER__BASE_URL", "http://far.example")

    assert run() == 78
    captured = capsys.readouterr().err.splitlines()
    assert sorted(line.split(":")[0] for line in captured) == [
        "PROVISIONING_PROVIDER__API_KEY",
        "PROVISIONING_PROVIDER__API_USER",
        "PROVISIONING_PROVIDER__BASE_URL",
    ]

"""A secret is planted in each setting, well formed and ill formed: no command prints it, or a part of it."""

import logging
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.plants import LEDGER_KEY
from worker.cli.main import main

Run = Callable[..., str]

SIGNUP = str(Path(__file__).parents[2] / "examples" / "signup.json")
COMMANDS = (
    ("run",),
    ("config", "check"),
    ("config", "show", "--output", "table"),
    ("config", "template"),
    ("topology", "show"),
    ("topology", "check"),
    ("topology", "apply"),
    ("doctor", "--output", "table"),
    ("doctor", "--output", "json"),
    ("customers", "list"),
    ("send", SIGNUP),
    ("send", "--wait", SIGNUP),
    ("send", "--dry-run", SIGNUP),
    ("explain", "evt_1"),
    ("ledger", "migrate"),
    ("ledger", "stats"),
    ("ledger", "prune"),
    ("ledger", "prune", "--parked"),
    ("ledger", "adopt"),
    ("sandbox", "--switch", "nonsense"),
)
#: Whatever ends where a parser believes the password to end, both halves can be recognised.
PARTS = re.compile(r"pl4nted|s3cret", re.IGNORECASE)
PASSWORDS = {
    "escaped": "pl4nted%40s3cret",
    "a second @": "pl4nted@s3cret",
    "an @ and a port": "pl4nted@s3cret:12",
    "an @ and a path": "pl4nted@s3cret/x",
    "a path": "pl4nted/s3cret",
    "a port and a path": "1/pl4nted@s3cret",
    "a question mark": "1?pl4nted=s3cret",
    "a hash": "1#pl4nted@s3cret",
    "a bracket": "pl4nted[s3cret",
    "an escape that is none": "pl4nted%zzs3cret",
    "a line break": "pl4nted\ns3cret",
    "a space": "pl4nted s3cret",
    "another alphabet": "pl4ntedüs3cret",
}
URLS = {
    "AMQP__URL": "amqp://u:{}@127.0.0.1:1/",
    "AMQP__MANAGEMENT_URL": "http://u:{}@127.0.0.1:1/",
    "LEDGER__URL": "postgresql+psycopg://u:{}@127.0.0.1:1/ledger",
    "PROVIDER__PROXY": "http://u:{}@127.0.0.1:1",
    "PROVIDER__BASE_URL": "http://u:{}@127.0.0.1:1",
    "PROVIDER__V3_BASE_URL": "http://u:{}@127.0.0.1:1",
}
UNREACHABLE = {
    **{name: url.format(PASSWORDS["escaped"]) for name, url in list(URLS.items())[:4]},
    "PROVIDER__BASE_URL": "http://127.0.0.1:1",
    "PROVIDER__API_USER": "acme",
    "PROVIDER__API_KEY": "pl4nted-s3cret",
    "PROVIDER__V3_API_KEY": "pl4nted-s3cret",
    "SECRETS__KEYS": LEDGER_KEY,
}
SECRETS = (*URLS, "PROVIDER__API_KEY", "PROVIDER__V3_API_KEY", "SECRETS__KEYS")
PEM = "-----BEGIN PRIVATE KEY-----\npl4nted\n-----END PRIVATE KEY-----\n"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    root.handlers[:], root.level = handlers, level
    for number, handler in signals.items():
        signal.signal(number, handler)


@pytest.fixture
def run_captured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Type every command with these settings; returns all that they printed."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "1000")

    def typed(commands: tuple[tuple[str, ...], ...] = COMMANDS, **settings: str | None) -> str:
        for name, value in {**UNREACHABLE, **settings}.items():
            if value is None:
                monkeypatch.delenv(f"PROVISIONING_{name}", raising=False)
            else:
                monkeypatch.setenv(f"PROVISIONING_{name}", value)
        printed = ""
        for words in commands:
            monkeypatch.setattr("sys.argv", ["provisioning-worker", *words])
            with pytest.raises(SystemExit):
                main()
            captured = capfd.readouterr()
            assert captured.out + captured.err, words
            printed += f"\n$ {' '.join(words)}\n{captured.out}{captured.err}"
        return printed

    return typed


def lines_with_a_part(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if PARTS.search(line)]


def test_no_command_prints_a_secret_when_nothing_can_be_reached(run_captured: Run) -> None:
    printed = run_captured()

    assert "nothing listens at that address" in printed
    assert "Connection refused" in printed
    assert lines_with_a_part(printed) == []


@pytest.mark.parametrize("password", [name for name in PASSWORDS if name != "escaped"])
def test_no_command_prints_a_part_of_a_password_that_breaks_its_urls(run_captured: Run, password: str) -> None:
    broken = {name: url.format(PASSWORDS[password]) for name, url in URLS.items()}

    assert lines_with_a_part(run_captured(**broken)) == []


@pytest.mark.parametrize(
    "value", ["pl4nted-s3cret", "pl4nted://s3cret", "http://pl4nted@s3cret:x/", " pl4nted\ts3cret "]
)
def test_no_command_prints_a_secret_in_a_setting_that_it_does_not_fit(run_captured: Run, value: str) -> None:
    assert lines_with_a_part(run_captured(**dict.fromkeys(SECRETS, value))) == []


def test_no_command_prints_the_secret_of_a_misspelt_setting(run_captured: Run) -> None:
    misspelt = {f"{name}{end}": "pl4nted-s3cret" for name in SECRETS for end in ("S", "_FIL", "_")}

    printed = run_captured(**misspelt, PROVIDER__APIKEY="pl4nted", AMQP="pl4nted", PROVIDER='{"api_key": "pl4nted"}')

    assert "did you mean" in printed
    assert lines_with_a_part(printed) == []


def test_no_command_prints_what_stands_in_a_settings_file(run_captured: Run, tmp_path: Path) -> None:
    files: dict[str, str | None] = {}
    for name in SECRETS:
        path = tmp_path / name
        path.write_text(UNREACHABLE.get(name, "http://u:pl4nted@127.0.0.1:1"))
        files |= {name: None, f"{name}_FILE": str(path)}

    assert lines_with_a_part(run_captured(**files)) == []


def test_no_command_prints_a_secret_that_was_given_instead_of_its_file(run_captured: Run) -> None:
    files = {f"{name}_FILE": "pl4nted-s3cret" for name in SECRETS}

    assert lines_with_a_part(run_captured(**files, **dict.fromkeys(SECRETS, None))) == []


@pytest.mark.parametrize("form", ["content", "file", "one line"])
def test_no_command_prints_what_a_file_of_tls_holds(run_captured: Run, tmp_path: Path, form: str) -> None:
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    value = {"content": PEM, "file": str(path), "one line": PEM.replace("\n", "")}[form]
    names = ("AMQP__TLS_CA", "AMQP__TLS_CERT", "AMQP__TLS_KEY", "PROVIDER__CA_BUNDLE")

    printed = run_captured(**dict.fromkeys(names, value), AMQP__URL="amqps://u:p@127.0.0.1:1/")

    assert "PROVIDER__CA_BUNDLE" in printed
    assert lines_with_a_part(printed) == []

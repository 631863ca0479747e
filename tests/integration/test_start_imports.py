"""What a start costs, measured by what it imports: each command only what it works with, and a worker all of it."""

import gc
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine

from tests.support.plants import LEDGER_KEY
from tests.support.worker_process import environment
from worker.cli.program import COMMANDS, command
from worker.ledger.migrations.with_alembic import upgrade

LIMIT_SECONDS = 60
STOPPED_BY_SIGNAL = 128 + signal.SIGINT
RUN = ("run",)
SIGNUP = str(Path(__file__).parents[2] / "examples" / "signup.json")
SETTINGS = {
    "AMQP__URL": "amqp://guest:guest@127.0.0.1:1/",
    "PROVIDER__BASE_URL": "http://127.0.0.1:1",
    "PROVIDER__API_USER": "acme",
    "PROVIDER__API_KEY": "pw",
    "HTTP__PORT": "0",
}
#: The worker is asked to stop once it is built, and what was imported by the end is written into a file.
MAIN = """
import sys
from pathlib import Path
imported = Path(sys.argv.pop(1))
if sys.argv[1:] == ["run"]:
    from worker.app import App
    run = App.run
    App.run = lambda app: app._stop.set() or run(app)
from worker.cli.main import main
try:
    main()
finally:
    imported.write_text("\\n".join(sys.modules))
"""
#: What takes a while to import, or is a room of its own.
WEIGHTY = {
    *("alembic", "cryptography", "pika", "prometheus_client", "psycopg", "pydantic_settings", "requests", "rich"),
    *("sqlalchemy", "structlog", "tenacity", "urllib3", "uvicorn"),
    *("messages.commands", "sandbox", "worker.doctor", "worker.pipeline", "worker.provider.client"),
}
CONTRACT = {"messages.commands"}
ROOMS = {"cryptography", "pydantic_settings", "urllib3"}
BROKER = {"pika", *ROOMS}
LEDGER = {"sqlalchemy", *ROOMS}
PROVIDER = {"requests", "tenacity", "worker.provider.client", *ROOMS, *CONTRACT}
#: structlog brings rich along.
TELEMETRY = {"prometheus_client", "structlog", "rich"}
WORKER = {*BROKER, *LEDGER, *PROVIDER, *TELEMETRY, "worker.pipeline"}


def started(folder: Path, *words: str, **settings: str) -> list[str]:
    """Type this, and return what was imported by its end."""
    imported = folder / "imported"
    ledger = {"LEDGER__URL": f"sqlite:///{folder}/ledger.db", "SECRETS__KEYS": LEDGER_KEY} if words == RUN else {}
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", MAIN, str(imported), *words],
        env=environment(SETTINGS | ledger | settings),
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    assert words != RUN or (ended.returncode, ended.stdout) == (STOPPED_BY_SIGNAL, "")
    return imported.read_text().split("\n")


def among(names: Iterable[str], modules: list[str]) -> set[str]:
    """Those of the names that were imported."""
    return {name for name in names if name in modules}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--help"], {"rich"}),
        (["nonsense"], {"rich"}),
        (["config", "check"], {"pydantic_settings"}),
        (["config", "template"], {"pydantic_settings"}),
        (["config", "show"], {"pydantic_settings"}),
        (["schema", "export", "."], CONTRACT),
        (["topology", "show"], BROKER),
        (["send", "--dry-run", SIGNUP], {*BROKER, *CONTRACT}),
        (["customers", "list"], PROVIDER),
        (["ledger", "stats"], {*LEDGER, *CONTRACT}),
        (["explain", "evt_1"], {"pydantic_settings", "sqlalchemy", *CONTRACT}),
        (["run"], WORKER),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_command_imports_what_it_works_with_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], wanted: set[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    modules = started(tmp_path, *words)

    assert among(WEIGHTY, modules) == wanted
    assert among({f"worker.cli.commands.{name}" for name in COMMANDS}, modules) <= {f"worker.cli.commands.{words[0]}"}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"LEDGER__URL": "sqlite:////nowhere/ledger.db"}, {"sqlalchemy"}),
        ({"SECRETS__KEYS": "none"}, {"cryptography"}),
        ({"PROVIDER__CA_BUNDLE": "/nowhere"}, {"urllib3"}),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_what_checks_a_setting_is_imported_only_where_it_is_set(
    tmp_path: Path, settings: dict[str, str], wanted: set[str]
) -> None:
    assert among(WEIGHTY, started(tmp_path, "config", "check", **settings)) == {"pydantic_settings", *wanted}


@pytest.mark.parametrize(("before", "migrates"), [(None, False), ("head", False), ("0001", True)])
def test_alembic_is_imported_only_to_migrate(tmp_path: Path, before: str | None, *, migrates: bool) -> None:
    if before:
        with create_engine(f"sqlite:///{tmp_path}/ledger.db", poolclass=NullPool).begin() as connection:
            upgrade(connection, before)

    assert ("alembic" in started(tmp_path, "run")) is migrates
    assert "alembic" not in started(tmp_path, "run")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_lists_each_command_with_the_first_sentence_of_its_own(name: str) -> None:
    assert COMMANDS[name] == command(name).help.partition("\n\n")[0].replace("\n", " ")


def test_the_collector_works_again_once_a_command_is_imported() -> None:
    gc.enable()

    command("schema")

    assert gc.isenabled()

"""`provisioning-worker sandbox` as it is typed: what reaches the stand-in, and what is refused before it starts."""

from pathlib import Path

import pytest

from sandbox.provider import server
from sandbox.provider.accounts.book import StateFileError
from sandbox.provider.settings import ErrorStatus, SandboxConfig, Switches, values_of
from worker.cli.main import main


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[SandboxConfig]:
    """What would have been served; nothing is."""
    configs: list[SandboxConfig] = []
    monkeypatch.setattr(server, "serve", configs.append)
    return configs


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["provisioning-worker", "sandbox", *words])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_nothing_typed_is_the_demonstration_on_the_loopback(
    monkeypatch: pytest.MonkeyPatch, served: list[SandboxConfig]
) -> None:
    assert (typed(monkeypatch), served) == (0, [SandboxConfig()])


def test_every_option_reaches_the_stand_in(monkeypatch: pytest.MonkeyPatch, served: list[SandboxConfig]) -> None:
    words = ["--host", "0.0.0.0", "--port", "0", "--state", "s", "--url-file", "u"]  # noqa: S104 - nothing listens

    assert typed(monkeypatch, *words, "--switch", "error_status=4xx", "--switch", "page_size=2") == 0

    switches = Switches(error_status=ErrorStatus.CLIENT_ERROR, page_size=2)
    wanted = SandboxConfig(
        host="0.0.0.0",  # noqa: S104 - nothing listens
        port=0,
        state_file=Path("s"),
        url_file=Path("u"),
        switches=switches,
    )
    assert served == [wanted]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--switch", "eror_status=4xx"), "Did you mean error_status?"),
        (("--switch", "page_size"), "give a value: page_size=NUMBER"),
        (("--switch", "error_status"), "give a value: error_status=200|4xx"),
        (("--switch", "error_status="), "give a value: error_status=200|4xx"),
        (("--switch", "page_size=many"), "page_size cannot be 'many'"),
        (("--port", "http"), "--port"),
        (("--port", "65536"), "--port"),
    ],
)
def test_what_is_mistyped_is_reported_and_nothing_is_served(
    monkeypatch: pytest.MonkeyPatch,
    served: list[SandboxConfig],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, str],
    message: str,
) -> None:
    assert typed(monkeypatch, *words) == 2
    assert message in capsys.readouterr().err
    assert served == []


def test_a_state_file_that_cannot_be_used_is_a_sentence_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: SandboxConfig) -> None:
        raise StateFileError("It is no state file.")

    monkeypatch.setattr(server, "serve", refuse)

    assert typed(monkeypatch) == 78
    assert capsys.readouterr().err == "It is no state file.\n"


def test_the_help_lists_the_values_of_every_switch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert typed(monkeypatch, "--help") == 0

    output = "".join(capsys.readouterr().out.replace("│", " ").split())
    assert [name for name in Switches.model_fields if f"{name}={''.join(values_of(name).split())}" not in output] == []
    assert "auth_error=nest401|errors|html403" in output
    assert "gzip=false|true" in output

"""Every setting may also be the content of a file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.settings.conftest import Export, Faults
from worker.cli.reading import read_settings
from worker.received.marks import text_of
from worker.settings import BrokerReach, Settings, load
from worker.settings.loading import names
from worker.settings.model import PREFIX

Write = Callable[[bytes], str]


@pytest.mark.parametrize("content", [b"from-file", b"from-file\n", b"from-file\r\n", b"from-file\n\n"])
def test_the_line_break_at_the_end_is_no_part_of_the_value(export: Export, secret_file: Write, content: bytes) -> None:
    export(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=secret_file(content))

    assert load(Settings).provider.api_key.get_secret_value() == "from-file"


def test_everything_else_in_the_file_is(export: Export, secret_file: Write) -> None:
    export(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=secret_file(b" \tp\nw \xc3\xa4 \n"))

    assert load(Settings).provider.api_key.get_secret_value() == " \tp\nw ä "


def test_any_setting_may_come_from_a_file(export: Export, secret_file: Write) -> None:
    files = {
        "AMQP__PREFETCH": b"7\n",
        "AMQP__DECLARE": b"false\n",
        "LOG__LEVEL": b"error",
        "ALLOW_PLAINTEXT": b"true\n",
    }
    export(**{f"{name}_FILE": secret_file(content) for name, content in files.items()})

    settings = load(Settings)
    assert (settings.amqp.prefetch, settings.amqp.declare) == (7, False)
    assert (settings.log.level, settings.allow_plaintext) == ("error", True)


def test_a_file_is_read_again_at_the_next_look(export: Export, secret_file: Write) -> None:
    path = secret_file(b"old")
    export(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=path)
    before = load(Settings)
    Path(path).write_bytes(b"new\n")

    assert before.provider.api_key.get_secret_value() == "old"
    assert load(Settings).provider.api_key.get_secret_value() == "new"


def test_both_at_once_is_an_error(faults: Faults, secret_file: Write) -> None:
    assert faults(PROVIDER__API_KEY="direct", PROVIDER__API_KEY_FILE=secret_file(b"filed")) == [
        f"PROVIDER__API_KEY: set both directly and by {PREFIX}PROVIDER__API_KEY_FILE; remove one of them"
    ]


def test_a_file_that_is_not_there_is_reported_by_its_setting(faults: Faults, tmp_path: Path) -> None:
    assert faults(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=str(tmp_path / "none")) == [
        "PROVIDER__API_KEY_FILE: the file it names cannot be read (No such file or directory)"
    ]


def test_a_folder_is_no_file(faults: Faults, tmp_path: Path) -> None:
    assert faults(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=str(tmp_path)) == [
        "PROVIDER__API_KEY_FILE: the file it names cannot be read (Is a directory)"
    ]


def test_a_byte_order_mark_is_no_part_of_the_value(export: Export, secret_file: Write) -> None:
    export(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=secret_file("gehäim\r\n".encode("utf-8-sig")))

    assert load(Settings).provider.api_key.get_secret_value() == "gehäim"


@pytest.mark.parametrize("content", [b"\xff\xfea", b"abc\xe4"])
def test_a_file_must_be_text(faults: Faults, secret_file: Write, content: bytes) -> None:
    assert faults(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=secret_file(content)) == [
        "PROVIDER__API_KEY_FILE: the file it names is no text in UTF-8"
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_no_empty_password(faults: Faults, secret_file: Write, content: bytes) -> None:
    assert faults(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=secret_file(content)) == [
        "PROVIDER__API_KEY_FILE: the file it names is empty"
    ]


@pytest.mark.parametrize("name", [name.removeprefix(PREFIX) for name in names()])
def test_a_setting_that_is_exported_as_nothing_is_an_error(faults: Faults, name: str) -> None:
    assert faults(**{name: ""}) == [f"{name}: is exported, but empty; give it a value or unset it"]


def test_a_tool_does_not_open_files_it_does_not_need(export: Export, tmp_path: Path) -> None:
    export(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=str(tmp_path / "not-for-me"), NO_SETTING_FILE="/nowhere")

    assert load(BrokerReach).amqp.prefix == "provisioning"


def test_all_checks_together_read_each_file_once(
    export: Export, secret_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def read(path: Path) -> str:
        opened.append(path)
        return text_of(path)

    monkeypatch.setattr("worker.settings.files.text_of", read)
    wanted = {
        "AMQP__URL": secret_file(b"amqp://127.0.0.1"),
        "PROVIDER__API_KEY": secret_file(b"pw"),
        "SECRETS__KEYS": secret_file(b"A" * 43 + b"="),
        "LEDGER__URL": secret_file(b"sqlite:////ledger.db"),
    }
    export(PROVIDER__API_KEY=None, **{f"{name}_FILE": path for name, path in wanted.items()})

    read_settings()

    assert sorted(map(str, opened)) == sorted(wanted.values())

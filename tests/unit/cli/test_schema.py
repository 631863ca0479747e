"""Writing the contract to a folder: whole files, whatever was there before, and one sentence when it cannot be done."""

import json
from pathlib import Path

import pytest

from messages.contract import text_of
from tests.support.published import DOCUMENTS
from worker.cli.commands.schema import export
from worker.errors import WorkerError


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_every_document_is_written_and_reported_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(tmp_path / "new" / "folder")

    assert files(tmp_path / "new" / "folder") == {name: text_of(each) for name, each in DOCUMENTS.items()}
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"{len(DOCUMENTS)} files were written to ")


def test_a_second_export_replaces_its_own_files_and_leaves_others_alone(tmp_path: Path) -> None:
    (tmp_path / "asyncapi.json").write_text("of an older version")
    (tmp_path / "notes.txt").write_text("mine")

    export(tmp_path)
    export(tmp_path)

    assert files(tmp_path)["notes.txt"] == "mine"
    assert json.loads(files(tmp_path)["asyncapi.json"])["asyncapi"] == "3.0.0"
    assert len(files(tmp_path)) == len(DOCUMENTS) + 1


def test_files_can_be_read_by_everybody(tmp_path: Path) -> None:
    export(tmp_path)

    assert (tmp_path / "asyncapi.json").stat().st_mode & 0o777 == 0o644


def test_the_document_names_the_exchanges_of_the_prefix(tmp_path: Path) -> None:
    export(tmp_path, "acme")

    exchange = json.loads(files(tmp_path)["asyncapi.json"])["channels"]["commands"]["bindings"]["amqp"]["exchange"]
    assert exchange["name"] == "acme.commands"


@pytest.mark.parametrize("prefix", ["", "a b", "x" * 101, "a\n"])
def test_a_prefix_that_no_exchange_can_have_is_a_fault_of_usage(
    tmp_path: Path, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        export(tmp_path, prefix)

    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("the prefix must be")
    assert files(tmp_path) == {}


def test_a_folder_that_is_a_file_is_reported_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(WorkerError, match=r"asyncapi\.json cannot be written: File exists; give another DIR"):
        export(tmp_path / "file")


def test_a_file_that_cannot_be_written_whole_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "asyncapi.json").write_text("of an older version")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(WorkerError, match="No space left on device"):
        export(tmp_path)
    assert files(tmp_path) == {"asyncapi.json": "of an older version"}

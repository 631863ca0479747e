"""What is committed of the contract is what the models say."""

from messages.contract import documents, text_of
from tests.architecture.rendering import ROOT

FOLDER = ROOT / "messages" / "schema"
MEND = "run `.venv/bin/provisioning-worker schema export messages/schema` and commit what it writes"


def drifted(committed: dict[str, str], generated: dict[str, str]) -> list[str]:
    """The files that differ, are missing, or are there though nothing is generated under their names."""
    names = sorted(committed.keys() | generated.keys())
    return [f"{name}: {MEND}" for name in names if committed.get(name) != generated.get(name)]


def test_the_committed_schemas_are_those_of_the_models() -> None:
    committed = {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*")
        if path.is_file()
    }

    assert drifted(committed, {name: text_of(document) for name, document in documents().items()}) == []


def test_every_kind_of_drift_is_found() -> None:
    found = drifted({"same": "1", "old": "1", "left over": "1"}, {"same": "1", "old": "2", "new": "1"})

    assert [each.partition(":")[0] for each in found] == ["left over", "new", "old"]

"""Messages of version 1, kept for ever: what an emitter sends today must be understood by every later worker."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from messages.catalog import CATALOG
from messages.envelope import Envelope, decode
from messages.events import EVENTS, ResultEvent
from messages.forms import WireMessage
from tests.support.published import DOCUMENTS

CORPUS = Path(__file__).parents[3] / "corpus" / "v1"
COMMAND_FILES = sorted(path.name for path in (CORPUS / "commands").iterdir())
EVENT_FILES = sorted(path.name for path in (CORPUS / "events").iterdir())
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def kept(folder: str, name: str) -> dict[str, Any]:
    """The file of that name."""
    read: dict[str, Any] = json.loads((CORPUS / folder / name).read_text(encoding="utf-8"))
    return read


def listed() -> dict[str, str]:
    """File -> SHA-256, as `sha256sum` writes it."""
    lines = (CORPUS / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}


def broken_promises(sums: dict[str, str], files: dict[str, bytes]) -> list[str]:
    """What was done to the files since they were listed, a sentence each."""
    rule = "what was valid in version 1 stays so; put the old file back, and add another for what is new"
    gone = [f"{name} was removed: {rule}" for name in sums if name not in files]
    changed = [
        f"{name} was changed: {rule}"
        for name, digest in sums.items()
        if name in files and sha256(files[name]).hexdigest() != digest
    ]
    unlisted = [f"{name} is not in SHA256SUMS yet: add its line" for name in files if name not in sums]
    return [*gone, *changed, *unlisted]


def meaning(envelope: Envelope) -> dict[str, Any]:
    """What a command says, as its emitter wrote it."""
    values = {name: str(value) if name == "billing_date" else value for name, value in envelope.data.revealed().items()}
    return json.loads(json.dumps(values))  # type: ignore[no-any-return]  # lists for tuples, as on the wire


def test_the_corpus_is_as_it_was() -> None:
    found = {str(path.relative_to(CORPUS)): path.read_bytes() for path in CORPUS.rglob("*.json")}

    assert broken_promises(listed(), found) == []


def test_a_change_a_removal_and_an_addition_are_distinguished() -> None:
    sums = {"kept.json": sha256(b"{}").hexdigest(), "changed.json": sha256(b"{}").hexdigest(), "gone.json": ""}

    values = broken_promises(sums, {"kept.json": b"{}", "changed.json": b"{ }", "new.json": b"{}"})

    assert [sentence.partition(":")[0] for sentence in values] == [
        "gone.json was removed",
        "changed.json was changed",
        "new.json is not in SHA256SUMS yet",
    ]


def test_every_command_and_every_event_is_kept() -> None:
    assert {name.partition(".")[0] for name in COMMAND_FILES} == set(CATALOG)
    assert {name.partition(".")[0] for name in EVENT_FILES} == set(EVENTS)


@pytest.mark.parametrize("name", COMMAND_FILES)
def test_a_command_of_version_1_is_understood(name: str) -> None:
    forms = kept("commands", name)
    for form in ("structured", "binary", "bare"):
        message = forms[form]
        envelope = decode(WireMessage(json.dumps(message["body"]).encode(), **message["properties"]))

        assert meaning(envelope).items() >= forms["structured"]["body"]["data"].items()
        assert (envelope.id, envelope.source, envelope.type) == ("evt_1001", "billing", name.partition(".")[0])
        values = (envelope.subject, envelope.correlationid, envelope.time, envelope.traceparent)
        assert values == (("cus_42", "order_7", 1_795_253_400.0, TRACE) if ".most." in name else (None,) * 4)


@pytest.mark.parametrize("name", COMMAND_FILES)
def test_a_command_of_version_1_is_valid_by_its_schemas(name: str) -> None:
    message, type_ = kept("commands", name), name.partition(".")[0]

    jsonschema.Draft202012Validator(DOCUMENTS[f"commands/{type_}.json"]).validate(message["structured"]["body"])
    for form in ("binary", "bare"):
        jsonschema.Draft202012Validator(DOCUMENTS[f"commands/{type_}.data.json"]).validate(message[form]["body"])


@pytest.mark.parametrize("name", EVENT_FILES)
def test_an_event_of_version_1_is_still_one(name: str) -> None:
    body = kept("events", name)["body"]

    jsonschema.Draft202012Validator(DOCUMENTS[f"events/{name}"]).validate(body)
    assert json.loads(ResultEvent.model_validate(body).to_bytes()).items() >= body.items()

"""Keeps an example of every command and every event that the corpus of version 1 has none of yet.

What is there already is never written again: it is what emitters and listeners were promised.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from messages.catalog import CATALOG, CatalogEntry
from messages.contract import examples
from messages.events import EVENTS

CORPUS = Path(__file__).parents[1] / "corpus" / "v1"
_CLOUDEVENT = "application/cloudevents+json"
_EPOCH_SECONDS = 1_795_253_400
_IDENTITY = {"id": "evt_1001", "source": "billing"}


def missing(corpus: Path = CORPUS) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files that the corpus lacks, and what stands in them."""
    kept = {path.name.partition(".")[0] for path in corpus.rglob("*.json")}
    for entry in CATALOG.values():
        if entry.command not in kept:
            yield f"commands/{entry.command}.least.json", _command(entry, examples.least, entry.model.examples[0])
            yield f"commands/{entry.command}.most.json", _command(entry, examples.most, entry.model.examples[-1])
    for type_, model in EVENTS.items():
        if type_ not in kept:
            body = examples.event(model)
            yield f"events/{type_}.json", {"properties": {"content_type": _CLOUDEVENT, "type": type_}, "body": body}


def _command(entry: CatalogEntry, attributes: Any, data: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a command holds
    fields = {**attributes(entry.command, examples.ExampleForm.STRUCTURED), **_IDENTITY}
    return {
        "structured": {"properties": {"content_type": _CLOUDEVENT}, "body": {**fields, "data": dict(data)}},
        "binary": {
            "properties": {"headers": {f"ce-{name}": value for name, value in fields.items()}},
            "body": dict(data),
        },
        "bare": {"properties": _bare(fields), "body": dict(data)},
    }


def _bare(fields: dict[str, Any]) -> dict[str, Any]:
    properties = {"type": fields["type"], "message_id": fields["id"], "app_id": fields["source"]}
    if "time" in fields:
        properties |= {"correlation_id": fields["correlationid"], "timestamp": _EPOCH_SECONDS}
    return {**properties, "headers": {name: fields[name] for name in ("subject", "traceparent") if name in fields}}


def keep(corpus: Path = CORPUS) -> None:
    """Write what is missing, and list it."""
    for name, content in list(missing(corpus)):
        written = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (corpus / name).write_text(written, encoding="utf-8")
        with (corpus / "SHA256SUMS").open("a", encoding="utf-8") as sums:
            sums.write(f"{sha256(written.encode()).hexdigest()}  {name}\n")


if __name__ == "__main__":
    keep()

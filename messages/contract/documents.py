"""Every document of the contract, by the name of its file."""

import json
from collections.abc import Iterator, Mapping

from messages.catalog import CATALOG
from messages.contract import examples
from messages.contract.asyncapi import asyncapi
from messages.contract.envelopes import attributes, command_envelope, event_envelope, event_models
from messages.contract.models import Document, command_data

DEFAULT_PREFIX = "provisioning"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def documents(prefix: str = DEFAULT_PREFIX) -> Mapping[str, Document]:
    """Name of file -> document. `prefix` is the first part of the exchanges' names; the schemas do not hang on it."""
    return {"asyncapi.json": asyncapi(prefix), **dict(_schemas())}


def text_of(document: Document) -> str:
    """The document as it is written: sorted, so that the same contract is always the same text."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _schemas() -> Iterator[tuple[str, Document]]:
    for entry in CATALOG.values():
        name, data = entry.command, command_data(entry.model)
        samples = [dict(example) for example in entry.model.examples]
        envelope = command_envelope(entry, data, attributes())
        yield f"commands/{name}.json", _file(name, envelope, examples.envelopes(entry))
        yield f"commands/{name}.data.json", _file(f"{name}:data", data, samples)
    for model in event_models(list(CATALOG.values())):
        yield f"events/{model.__name__}.json", _file(model.__name__, event_envelope(model), [examples.event(model)])


def _file(name: str, schema: Document, samples: list[Document]) -> Document:
    return {"$schema": _DIALECT, "$id": f"urn:provisioning-worker:v1:{name}", **schema, "examples": samples}

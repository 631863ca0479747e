"""The AMQP messages of the AsyncAPI document: every command in its three forms, and every event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from messages.catalog import CatalogEntry
from messages.contract import examples
from messages.contract.envelopes import attributes
from messages.contract.models import Document, flowing
from messages.results import ResultFields

BINDING_VERSION = "0.3.0"
CLOUDEVENT = "application/cloudevents+json"
_JSON = "application/json"
_PERSISTENT = {"const": 2, "description": "Persistent."}
#: An example of AsyncAPI has no room for properties, and a bare message without them is no command.
_ITS_PROPERTIES = (
    "It needs its properties `type`, `message_id` and `app_id`: they are in the examples of `x-amqp-properties`, at the"
    " same place."
)


def reference(section: str, name: str) -> Document:
    """A reference to one of the document's components."""
    return {"$ref": f"#/components/{section}/{name}"}


def component_of(attribute: str) -> str:
    """The name of the component that is the schema of an attribute."""
    return f"attribute-{attribute}"


def command_messages(entry: CatalogEntry) -> dict[str, Document]:
    """One command as three messages, by the names they have in the document."""
    name = entry.command
    return {name: _structured(entry), f"{name}Binary": _binary(entry), f"{name}Bare": _bare(entry)}


def event_message(model: type[ResultFields]) -> Document:
    """One event as the message that a listener hears."""
    name = model.__name__
    return {
        **_message(name, f"{name}, a result", flowing(str(model.__doc__))),
        "contentType": CLOUDEVENT,
        "payload": reference("schemas", name),
        "correlationId": _location("$message.payload#/correlationid", "The command's `correlationid`, else its `id`."),
        "bindings": _binding(name),
        "x-amqp-properties": _properties(
            {
                "content_type": {"const": CLOUDEVENT},
                "type": {"const": name},
                "message_id": {"type": "string", "description": "The event's `id`."},
                "correlation_id": {"type": "string", "description": "The event's `correlationid`."},
                "app_id": {"const": "provisioning-worker"},
                "timestamp": {"type": "integer", "description": "The event's `time`, in epoch seconds."},
            }
        ),
        "examples": [{"name": name, "payload": examples.event(model)}],
    }


def _structured(entry: CatalogEntry) -> Document:
    name = entry.command
    written = examples.envelopes(entry)
    return {
        **_message(name, f"{name}, structured", "CloudEvents structured mode: the body is the whole envelope."),
        "contentType": CLOUDEVENT,
        "payload": reference("schemas", name),
        "correlationId": _location("$message.payload#/correlationid", "Optional; without it the `id` is told back."),
        "bindings": _binding(name),
        "x-amqp-properties": _properties({"content_type": {"const": CLOUDEVENT}}),
        "examples": [{"name": size, "payload": each} for size, each in zip(("least", "most"), written, strict=True)],
    }


def _binary(entry: CatalogEntry) -> Document:
    name = entry.command
    least, most = (example(entry.command, examples.ExampleForm.BINARY) for example in (examples.least, examples.most))
    headers = [{f"ce-{key}": value for key, value in each.items()} for each in (least, most)]
    return {
        **_message(
            name, f"{name}, binary", "CloudEvents binary mode: the envelope is in the headers, the body is the data."
        ),
        "contentType": _JSON,
        "headers": _ce_headers(name),
        "payload": reference("schemas", f"{name}Data"),
        "correlationId": _location("$message.header#/ce-correlationid", "Optional; without it the `id` is told back."),
        "bindings": _binding(name),
        "x-amqp-properties": _properties({"content_type": {"const": _JSON}}),
        "examples": _with_data(entry, headers),
    }


def _bare(entry: CatalogEntry) -> Document:
    name = entry.command
    given = [example(entry.command, examples.ExampleForm.BARE) for example in (examples.least, examples.most)]
    headers: list[Document] = [{key: each[key] for key in ("subject", "traceparent") if key in each} for each in given]
    stated = _properties(_bare_properties(name), ["type", "message_id", "app_id"])
    return {
        **_message(name, f"{name}, bare", "No envelope: AMQP's own properties say what it is, the body is the data."),
        "contentType": _JSON,
        "headers": {"type": "object", "properties": {name: _attribute(name) for name in ("subject", "traceparent")}},
        "payload": reference("schemas", f"{name}Data"),
        "bindings": _binding(name),
        "x-amqp-properties": {**stated, "examples": [_as_properties(each) for each in given]},
        "examples": [{**each, "summary": _ITS_PROPERTIES} for each in _with_data(entry, headers)],
    }


def _as_properties(attributes: Document) -> Document:
    """The attributes of a command as AMQP's properties carry them."""
    given = {"content_type": _JSON, "delivery_mode": 2, "type": attributes["type"]}
    given |= {"message_id": attributes["id"], "app_id": attributes["source"]}
    if "time" in attributes:
        sent_at = int(datetime.fromisoformat(attributes["time"]).timestamp())
        given |= {"correlation_id": attributes["correlationid"], "timestamp": sent_at}
    return given


def _bare_properties(name: str) -> Document:
    return {
        "content_type": {"const": _JSON},
        "type": {"const": name},
        "message_id": _attribute("id"),
        "app_id": _attribute("source"),
        "correlation_id": _attribute("correlationid"),
        "timestamp": {"type": "integer", "description": "When it was sent, in epoch seconds: the envelope's `time`."},
    }


def _attribute(name: str) -> Document:
    return reference("schemas", component_of(name))


def _ce_headers(name: str) -> Document:
    fixed = {"ce-specversion": {"const": "1.0"}, "ce-type": {"const": name}}
    return {
        "type": "object",
        "required": ["ce-specversion", "ce-type", "ce-id", "ce-source"],
        "properties": {**fixed, **{f"ce-{known}": _attribute(known) for known in attributes()}},
    }


def _with_data(entry: CatalogEntry, headers: list[Document]) -> list[Document]:
    given = (entry.model.examples[0], entry.model.examples[-1])
    return [
        {"name": name, "headers": given, "payload": dict(data)}
        for name, given, data in zip(("least", "most"), headers, given, strict=True)
    ]


def _message(name: str, title: str, summary: str) -> Document:
    return {"name": name, "title": title, "summary": summary}


def _location(location: str, description: str) -> Document:
    return {"location": location, "description": description}


def _binding(type_: str) -> Document:
    return {"amqp": {"messageType": type_, "contentEncoding": "utf-8", "bindingVersion": BINDING_VERSION}}


def _properties(properties: Mapping[str, Any], required: list[str] | None = None) -> Document:
    """AMQP's basic properties as a schema: the binding of AsyncAPI has names for two of them only."""
    return {
        "type": "object",
        "required": ["content_type", "delivery_mode", *(required or [])],
        "properties": {**properties, "delivery_mode": _PERSISTENT},
    }

"""The JSON Schemas of whole messages: the CloudEvents envelope of a command, and that of a result event."""

from collections.abc import Mapping

from messages.catalog import CatalogEntry
from messages.contract.models import Document, event_data, flowing
from messages.events import ResultEvent
from messages.fields import MAX_ATTRIBUTE_BYTES
from messages.results import CommandFailed, ResultFields

#: No year 0, which no calendar has, and no leap second, which few readers know.
_TIME = (
    r"^(?!0000|9999)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
_CONTROL = {"pattern": r"[\u0000-\u001f\u007f-\u009f]"}
_BYTES = f"1 to {MAX_ATTRIBUTE_BYTES} bytes of UTF-8, which the worker counts; the schema counts characters."
_BASE64 = (
    "In place of `data` the worker reads the Base64 of its JSON too, as libraries write what they were given as bytes."
    " No schema can look into it, so this one takes `data` alone."
)
_REQUIRED = ("id", "source")

_TEXTS = {
    "id": "The command's own id; with `source` the key under which a repeat is known. Derive it from your own event,"
    " never from a clock.",
    "source": "Who sends it, as you name yourself; results come back under it.",
    "subject": "Your own reference of the customer: commands that share it run one after another.",
    "correlationid": "Carried over to the result.",
}


def attributes() -> dict[str, Document]:
    """The schemas of a command's attributes, wherever they travel: in the envelope, in headers, in properties."""
    time = {
        "type": "string",
        "format": "date-time",
        "pattern": _TIME,
        "not": _CONTROL,
        "description": "When it was sent, in RFC 3339 with an offset. A `billing_date` is measured from it. The worker"
        " refuses no command for its time: it also reads other forms of ISO 8601 and counts since 1970, which no"
        " emitter should rely on, and drops what names no moment in the years 2000 to 9998 of UTC.",
    }
    traceparent = {
        "type": "string",
        "description": "W3C trace context, carried over to the result; a malformed one is dropped and refuses nothing.",
    }
    return {
        **{name: _text(description) for name, description in _TEXTS.items()},
        "time": time,
        "traceparent": traceparent,
    }


def command_envelope(entry: CatalogEntry, data: Document, parts: Mapping[str, Document]) -> Document:
    """A whole command as a CloudEvent in structured mode; extension attributes of your own are ignored.

    `data` and `parts` are the schemas of its data and its attributes, or references to them.
    """
    name = entry.command
    return {
        "title": name,
        "description": flowing(str(entry.model.__doc__)),
        "type": "object",
        "required": ["specversion", "type", *_REQUIRED, "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "type": {"const": name},
            **{known: part if known in _REQUIRED else _or_null(part) for known, part in parts.items()},
            "datacontenttype": {"type": "string", "description": "Not read: data is always JSON."},
            "data": data,
            "data_base64": {"type": "null", "description": _BASE64},
        },
    }


def event_envelope(model: type[ResultFields]) -> Document:
    """A whole result event; attributes and fields may be added, so take what you know and leave the rest."""
    envelope = event_data(ResultEvent)
    absent = {name for name, known in ResultEvent.model_fields.items() if known.default is None}
    properties = {
        name: _never_null(stated) if name in absent else stated for name, stated in envelope["properties"].items()
    }
    return {
        "title": model.__name__,
        "description": flowing(str(model.__doc__)),
        "type": "object",
        "required": [name for name in properties if name not in absent],
        "properties": {**properties, "type": {"const": model.__name__}, "data": event_data(model)},
    }


def event_models(entries: list[CatalogEntry]) -> list[type[ResultFields]]:
    """Every event: one for each success, and the failure."""
    return [*(entry.event_model for entry in entries), CommandFailed]


def _text(description: str) -> Document:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_ATTRIBUTE_BYTES,
        "not": _CONTROL,
        "description": f"{description} {_BYTES}",
    }


def _or_null(schema: Document) -> Document:
    """An optional attribute that is null counts as absent."""
    described = {key: schema[key] for key in ("description",) if key in schema}
    rest = {key: value for key, value in schema.items() if key not in described}
    return {"anyOf": [rest, {"type": "null"}], **described}


def _never_null(schema: Document) -> Document:
    """What is absent from an event is left out of it, and never null."""
    options = [option for option in schema["anyOf"] if option != {"type": "null"}]
    return {**options[0], "description": schema["description"]}

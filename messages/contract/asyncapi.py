"""The AsyncAPI 3.0 document, as a billing system sees it: it sends commands and hears what came of them."""

from messages.catalog import CATALOG, CatalogEntry
from messages.contract.envelopes import attributes, command_envelope, event_envelope, event_models
from messages.contract.forms import BINDING_VERSION, command_messages, component_of, event_message, reference
from messages.contract.models import Document, command_data, flowing
from messages.results import CommandFailed

VERSION = "1.0.0"
_TITLE = "Provisioning worker, as a billing system talks to it"
_DESCRIPTION = """\
This document stands on the billing system's side: it sends the commands and receives the results. The worker is on the
other end: it applies each command to the provider once in effect, in every customer's order, and answers it with one
result event.

Publish persistent and mandatory, and wait for the publisher confirm: otherwise a command can vanish before the worker
sees it. Bodies are JSON in UTF-8, of at most 256 KiB. A command has three forms, of which you choose one. `source` and
`id` are its key, and a repeat with the same content is harmless. Results may be heard more than once: drop those whose
`id` you have seen.

`x-amqp-properties` are AMQP's basic properties, as a schema. With `x-amqp-binding-key` you bind a queue of yours."""
_SOURCE = "The command's `source`, lower-cased, everything else than a-z and 0-9 as `-`."


def asyncapi(prefix: str) -> Document:
    """Describe the installation whose exchanges have this prefix."""
    entries = list(CATALOG.values())
    commands = {name: each for entry in entries for name, each in command_messages(entry).items()}
    events = {model.__name__: event_message(model) for model in event_models(entries)}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": _TITLE, "version": VERSION, "description": flowing(_DESCRIPTION)},
        "defaultContentType": "application/cloudevents+json",
        "servers": {"broker": _server()},
        "channels": {"commands": _commands(prefix, list(commands)), "events": _events(prefix, list(events))},
        "operations": {
            **{f"send{entry.command}": _send(entry) for entry in entries},
            "hearResults": _hear(list(events)),
        },
        "components": {"messages": {**commands, **events}, "schemas": _schemas(entries)},
    }


def _server() -> Document:
    return {
        "host": "{host}",
        "protocol": "amqp",
        "protocolVersion": "0-9-1",
        "description": "RabbitMQ; `amqps` where it has TLS.",
        "variables": {"host": {"default": "127.0.0.1:5672", "description": "Host and port of the broker."}},
    }


def _commands(prefix: str, names: list[str]) -> Document:
    return {
        "address": "{commandType}",
        "title": "Commands",
        "description": f"The exchange that commands are published to. `{prefix}` is the installation's `AMQP__PREFIX`.",
        "parameters": {
            "commandType": {
                "description": "The routing key is free; by convention it is the command's type.",
                "examples": list(CATALOG),
            }
        },
        "messages": {name: reference("messages", name) for name in names},
        "bindings": _exchange(f"{prefix}.commands"),
    }


def _events(prefix: str, names: list[str]) -> Document:
    return {
        "address": "{eventType}.{source}",
        "title": "Result events",
        "description": "Bind a durable queue of yours to this exchange; what nobody has bound is kept for a week only.",
        "parameters": {
            "eventType": {"description": "The event's type.", "location": "$message.payload#/type"},
            "source": {"description": _SOURCE, "examples": ["billing"]},
        },
        "messages": {name: reference("messages", name) for name in names},
        "bindings": _exchange(f"{prefix}.events"),
    }


def _exchange(name: str) -> Document:
    exchange = {"name": name, "type": "topic", "durable": True, "autoDelete": False}
    return {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": BINDING_VERSION}}


def _send(entry: CatalogEntry) -> Document:
    summary, _, more = flowing(str(entry.model.__doc__)).partition("\n\n")
    return {
        "action": "send",
        "title": entry.command,
        "summary": summary,
        "description": more or summary,
        "channel": {"$ref": "#/channels/commands"},
        "messages": [{"$ref": f"#/channels/commands/messages/{name}"} for name in command_messages(entry)],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING_VERSION}},
        "reply": {
            "channel": {"$ref": "#/channels/events"},
            "messages": _received([entry.event, CommandFailed.__name__]),
        },
    }


def _hear(names: list[str]) -> Document:
    return {
        "action": "receive",
        "title": "Results",
        "summary": "Hear what came of your commands.",
        "channel": {"$ref": "#/channels/events"},
        "messages": _received(names),
        "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING_VERSION}},
        "x-amqp-binding-key": "*.{source}",
    }


def _received(names: list[str]) -> list[Document]:
    return [{"$ref": f"#/channels/events/messages/{name}"} for name in names]


def _schemas(entries: list[CatalogEntry]) -> Document:
    shared = attributes()
    found: Document = {component_of(name): schema for name, schema in shared.items()}
    references = {name: reference("schemas", component_of(name)) for name in shared}
    for entry in entries:
        name = entry.command
        found[f"{name}Data"] = command_data(entry.model)
        found[name] = command_envelope(entry, reference("schemas", f"{name}Data"), references)
    return {**found, **{model.__name__: event_envelope(model) for model in event_models(entries)}}

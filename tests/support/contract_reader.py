"""A billing system whose developer has seen nothing but the published asyncapi.json: no code and no prose of ours."""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial, reduce
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pika

from tests.support.amqp_line import Line
from tests.support.waiting import wait_for

Part = dict[str, Any]


class ContractReader:
    """Finds its way through the document, and judges by its schemas."""

    def __init__(self, document: Part) -> None:
        self._document = document

    def channel(self, name: str) -> Part:
        """Return a channel of the document."""
        return self.at(f"#/channels/{name}")

    def operation(self, name: str) -> Part:
        """Return an operation of the document."""
        return self.at(f"#/operations/{name}")

    def exchange(self, channel: str) -> str:
        """Return the name of a channel's exchange."""
        return str(self.channel(channel)["bindings"]["amqp"]["exchange"]["name"])

    def at(self, reference: str) -> Part:
        """Follow a reference to its end."""
        found: Part = reduce(lambda part, step: part[step], reference.removeprefix("#/").split("/"), self._document)
        return self.at(found["$ref"]) if "$ref" in found else found

    def check(self, schema: Mapping[str, Any], value: object) -> None:
        """Fail when a value is not what a schema of the document says."""
        whole = {**schema, "components": self._document["components"]}
        jsonschema.Draft7Validator(whole).validate(value)


class ContractEmitter:
    """Publishes the document's examples with values of its own, and hears the answers on a queue of its own."""

    def __init__(self, reader: ContractReader, url: str, source: str) -> None:
        self._reader = reader
        self._line = Line(url)
        self._queue = f"received-by-{uuid.uuid4().hex}"
        self._source = source

    def bind(self) -> None:
        """Declare a durable queue, bound as the document says."""
        self._line.use(partial(self._bind, self._reader.operation("hearResults")["x-amqp-binding-key"]))

    def send(self, command: str, form: int, changes: Mapping[str, object]) -> str:
        """Publish the first example of a command in one of its forms, with these fields changed; return its id."""
        operation = self._reader.operation(f"send{command}")
        message = self._reader.at(operation["messages"][form]["$ref"])
        identity = f"evt_{uuid.uuid4().hex}"
        given = {"id": identity, "source": self._source}
        properties, body = self._filled(message, given, changes)
        delivery = operation["bindings"]["amqp"]
        assert properties["delivery_mode"] == delivery["deliveryMode"]
        self._line.use(partial(self._publish, command, properties, json.dumps(body).encode(), delivery["mandatory"]))
        return identity

    def hear(self, command: str, identity: str) -> Part:
        """Wait for the answer, and check it against the message that the document promises."""
        method, properties, body = wait_for(self._take, f"the answer to {command}")
        event: Part = json.loads(body)
        promised = [
            self._reader.at(each["$ref"]) for each in self._reader.operation(f"send{command}")["reply"]["messages"]
        ]
        (message,) = [each for each in promised if each["bindings"]["amqp"]["messageType"] == properties.type]
        self._reader.check(message["payload"], event)
        sent = {name: value for name, value in vars(properties).items() if value is not None}
        self._reader.check(message["x-amqp-properties"], sent)
        address = self._reader.channel("events")["address"]
        assert method.routing_key == address.format(eventType=event["type"], source=self._slug)
        assert event["causationid"] == identity
        return event

    def close(self) -> None:
        """Delete the queue and hang up."""
        self._line.use(lambda channel: channel.queue_delete(self._queue))
        self._line.close()

    @property
    def _slug(self) -> str:
        # The rule stands in the description of the channel's parameter.
        assert "lower-cased, everything else than a-z and 0-9 as `-`" in str(
            self._reader.channel("events")["parameters"]["source"]["description"]
        )
        return re.sub("[^a-z0-9]", "-", self._source.lower())

    def _filled(self, message: Part, given: Part, changes: Mapping[str, object]) -> tuple[Part, Part]:
        example = message["examples"][0]
        stated = message["x-amqp-properties"]
        names = {"message_id": "id", "app_id": "source"}
        properties = {name: each["const"] for name, each in stated["properties"].items() if "const" in each}
        properties |= {name: given[names[name]] for name in stated["required"] if name in names}
        headers = {
            name: given.get(name.removeprefix("ce-"), value) for name, value in example.get("headers", {}).items()
        }
        body = example["payload"]
        body = {**body, **given, "data": {**body["data"], **changes}} if "data" in body else {**body, **changes}
        self._reader.check(message["payload"], body)
        self._reader.check(message.get("headers", {}), headers)
        self._reader.check(stated, properties)
        return {**properties, "headers": headers}, body

    def _bind(self, key: str, channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
        channel.queue_declare(self._queue, durable=True)
        channel.queue_bind(self._queue, self._reader.exchange("events"), key.format(source=self._slug))

    def _publish(self, command: str, properties: Part, body: bytes, mandatory: bool, channel: Any) -> None:  # noqa: ANN401  # as above
        key = self._reader.channel("commands")["address"].format(commandType=command)
        sent = pika.BasicProperties(**properties)  # type: ignore[no-untyped-call]  # pika
        channel.basic_publish(self._reader.exchange("commands"), key, body, sent, mandatory=mandatory)

    def _take(self) -> Any:  # noqa: ANN401  # as above
        taken = self._line.use(lambda channel: channel.basic_get(self._queue, auto_ack=True))
        return taken if taken[0] is not None else None


@contextmanager
def contract_emitter(document: Part, url: str, source: str) -> Iterator[ContractEmitter]:
    """Open an emitter whose queue is bound."""
    emitter = ContractEmitter(ContractReader(document), url, source)
    emitter.bind()
    try:
        yield emitter
    finally:
        emitter.close()

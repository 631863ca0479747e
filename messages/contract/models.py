"""From a model to its JSON Schema, as a reader wants it: no invented titles, no null among the defaults."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

Document = dict[str, Any]


class _Plain(GenerateJsonSchema):
    """Says nothing that the model does not."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as the library declares it
        """A field's name is title enough."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A default of null only says that the field may be left out, and that is said by `required`."""
        stated = super().default_schema(schema)
        if stated.get("default", ...) is None:
            del stated["default"]
        return stated

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The description belongs to the field, and not to one of its two types."""
        stated = super().nullable_schema(schema)
        described = [option.pop("description", None) for option in stated.get("anyOf", [])]
        found = next((text for text in described if text), None)
        return {**stated, "description": found} if found else stated


def command_data(model: type[BaseModel]) -> Document:
    """What may stand in a command's `data`."""
    return _tidy(model.model_json_schema(schema_generator=_Plain))


def event_data(model: type[BaseModel]) -> Document:
    """What stands in an event's `data`; more fields may come."""
    return _tidy(model.model_json_schema(schema_generator=_Plain, mode="serialization"))


def _tidy(schema: Document) -> Document:
    return {**schema, "description": flowing(schema["description"])}


def flowing(text: str) -> str:
    """A docstring without the line breaks of its source; its paragraphs stay."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))

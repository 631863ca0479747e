"""The CloudEvents envelope in which every result event is published."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationInfo, field_validator

from messages.catalog import CATALOG
from messages.results import CommandFailed, ResultFields, Time

_SUCCESSES: Mapping[str, type[ResultFields]] = {entry.event: entry.event_model for entry in CATALOG.values()}
#: Every result event the worker publishes, by its type.
EVENTS: Mapping[str, type[ResultFields]] = MappingProxyType({**_SUCCESSES, CommandFailed.__name__: CommandFailed})


class ResultEvent(BaseModel):
    """The CloudEvents envelope of a result event, structured mode. `data` is written and read by its own class."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="A repeat of the same result has the same id: drop what you have seen.")
    source: Literal["provisioning-worker"] = "provisioning-worker"
    type: str
    subject: str | None = Field(None, description="The command's `subject`.")
    time: Time
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str = Field(description="The command's `correlationid`, else its `id`.")
    causationid: str = Field(description="The command's `id`.")
    traceparent: str | None = Field(None, description="The command's `traceparent`.")
    data: SerializeAsAny[ResultFields]

    @field_validator("type")
    @classmethod
    def _of_the_catalog(cls, value: str) -> str:
        if value not in EVENTS:
            raise ValueError(f"must be one of {', '.join(EVENTS)}")
        return value

    @field_validator("data", mode="before")
    @classmethod
    def _of_its_own_class(cls, value: object, envelope: ValidationInfo) -> object:
        model = EVENTS.get(envelope.data.get("type", ""), ResultFields)
        return model.model_validate(value) if isinstance(value, dict) else value

    def to_bytes(self) -> bytes:
        """UTF-8 JSON; attributes that are not set are left out, as CloudEvents asks."""
        # only the envelope's absent attributes are dropped: data keeps its nulls
        absent = {name for name in ("subject", "traceparent") if getattr(self, name) is None}
        return self.model_dump_json(exclude=absent).encode()

"""What the result events say: of every command, of a success, of a failure; and the closed sets they speak in."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema


class Outcome(StrEnum):
    """How a command ended, as the metrics count it; the event of a success says one of the first two."""

    APPLIED = "applied"
    ALREADY_APPLIED = "already_applied"
    DUPLICATE = "duplicate"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a command ended as a dead letter. Also the routing key of the dead letter."""

    UNDECODABLE = "undecodable"
    UNKNOWN_TYPE = "unknown_type"
    INVALID = "invalid"
    ID_CONFLICT = "id_conflict"
    PROVIDER_REJECTED = "provider_rejected"
    OUTCOME_UNKNOWN = "outcome_unknown"
    RETRIES_EXHAUSTED = "retries_exhausted"
    CRASH_LOOP = "crash_loop"


Time = Annotated[str, Field(description="RFC 3339, in UTC.", json_schema_extra={"format": "date-time"})]
#: The schema lists the set and stays open: a listener that checks events by it must outlive the next reason.
_Reason = Annotated[
    Reason,
    WithJsonSchema({"anyOf": [{"enum": [*Reason]}, {"type": "string", "description": "More may come."}]}),
    Field(description="Why it failed; take one that you do not know to a person."),
]

_Attempts = Annotated[
    int,
    Field(
        description="How many attempts to perform the command were made: each run against the provider, also one that"
        " failed or only looked, charged or not. Waiting is none. 0 when the message was refused before any."
    ),
]


class ResultFields(BaseModel):
    """What every result event says of its command."""

    model_config = ConfigDict(frozen=True)

    command_id: str = Field(description="The command's `id`.")
    command_source: str = Field(description="The command's `source`.")
    command_type: str | None = Field(description="The command's `type`; null when it could not be read.")
    username: str | None = Field(description="The customer it was about; null when it was about nobody in particular.")
    generation: int = Field(
        description="Always 0 so far. Should a command ever have several results, the highest one tells the truth."
    )


class Succeeded(ResultFields):
    """What every event of a success says."""

    outcome: Literal[Outcome.APPLIED, Outcome.ALREADY_APPLIED] = Field(
        description="`already_applied`: it was found done, by an earlier attempt."
    )
    attempts: _Attempts
    completed_at: Time


class CommandFailed(ResultFields):
    """The command ended as a dead letter. `reason` decides whether to send it again under a new id, mended."""

    reason: _Reason
    detail: str = Field(description="What happened, in at most 500 characters; never a secret.")
    errors: tuple[str, ...] = Field(description="The provider's own texts, the command's secrets taken out.")
    attempts: _Attempts
    failed_at: Time
    dead_letter_id: str = Field(description="What operators find the dead letter by.")

"""How a command may end: the closed sets that the result events, the dead letters and the metrics speak in."""

from enum import StrEnum


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

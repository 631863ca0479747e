"""The stages that a delivery passes, as a table. The pipeline looks up here what becomes of a failure.

Three rules keep the promise: nothing is published before it is recorded, nothing is acked before it is published, and
only what was claimed is attempted. A crash between any two stages leaves something that the next claim can recognise:
nothing (the broker delivers it again as new), a claim that was begun (look before you write), or an ending (publish the
same bytes again).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from worker.errors import ClaimLost, LedgerUnavailable, NotTaken, PublishFailed, Unpublishable, Unsealable, Unstorable


class Stage(StrEnum):
    """Where a run of a job stands."""

    READ = "read"
    SCHEDULE = "schedule"
    FETCH = "fetch"
    CLAIM = "claim"
    ATTEMPT = "attempt"
    RECORD = "record"
    PUBLISH = "publish"
    SETTLE = "settle"
    REPORT = "report"


class Thread(StrEnum):
    """The thread that runs a stage."""

    ANY = "the thread that has made it possible"
    CONSUME = "consume connection"
    LEDGER = "ledger writer"
    ATTEMPT = "attempt threads"
    PUBLISH = "publish connection"


class Response(StrEnum):
    """What becomes of a run that a stage has failed for."""

    PAUSE = "intake pauses; the stage is tried again in a second (an attempt begins with a new claim)"
    BACK_OFF = "the stage is tried again, after one second and up to sixty; other customers go on"
    CLAIM_ANEW = "it begins anew with its claim in a second"
    REFUSE = "it ends as a dead letter that says so; where even that cannot be stored it is published all the same"
    KEEP = "intake pauses; its messages are kept, and published as soon as the broker takes them"
    WAIT_FOR_OPERATOR = "the stage is tried again each minute until an operator has mended it; other customers go on"


@dataclass(frozen=True, slots=True)
class Row:
    """One stage: who runs it, whether it takes a batch, what goes in and comes out, what becomes of its failures."""

    stage: Stage
    thread: Thread
    takes: str
    gives: str
    batch: bool = False
    failures: Mapping[type[Exception], Response] = field(default_factory=dict)


TABLE = (
    Row(
        Stage.READ,
        Thread.CONSUME,
        "a delivery: body, properties, receipt (epoch and tag)",
        "an `Envelope` with its claim and its lanes, or a `MessageError` that names field and rule",
    ),
    Row(
        Stage.SCHEDULE,
        Thread.ANY,
        "a command or a refused message",
        "the same, when it is first in each lane of its customers and a slot is free",
    ),
    Row(
        Stage.FETCH,
        Thread.ATTEMPT,
        "the place of a parked command; all others go straight to their claim",
        "its delivery, read from the ledger",
        failures={
            LedgerUnavailable: Response.PAUSE,
            NotTaken: Response.BACK_OFF,
            Unstorable: Response.BACK_OFF,
            Unsealable: Response.WAIT_FOR_OPERATOR,
        },
    ),
    Row(
        Stage.CLAIM,
        Thread.LEDGER,
        "key and fingerprint, or the refusal of a message that is no command",
        "`Fresh`, `Resumed`, `Done`, `Dead`, `Held`, `Conflict`, `Quarantined` or `Crashed`; on disk before any call",
        batch=True,
        failures={LedgerUnavailable: Response.PAUSE, NotTaken: Response.BACK_OFF, Unstorable: Response.REFUSE},
    ),
    Row(
        Stage.ATTEMPT,
        Thread.ATTEMPT,
        "a claimed command",
        "its ending, or the time of its next attempt (`domain/retry_policy` decides)",
        failures={
            ClaimLost: Response.CLAIM_ANEW,
            LedgerUnavailable: Response.PAUSE,
            NotTaken: Response.BACK_OFF,
            Unstorable: Response.REFUSE,
        },
    ),
    Row(
        Stage.RECORD,
        Thread.LEDGER,
        "the ending with the event's exact bytes and the dead letter's headers, or the next attempt's time",
        "the same, on disk; the next attempt waits until its time also when that could not be written",
        batch=True,
        failures={
            ClaimLost: Response.CLAIM_ANEW,
            LedgerUnavailable: Response.PAUSE,
            NotTaken: Response.BACK_OFF,
            Unstorable: Response.REFUSE,
        },
    ),
    Row(
        Stage.PUBLISH,
        Thread.PUBLISH,
        "the dead letter if there is one, then the event",
        "both, mandatory and confirmed",
        batch=True,
        failures={PublishFailed: Response.KEEP, Unpublishable: Response.WAIT_FOR_OPERATOR},
    ),
    Row(
        Stage.SETTLE,
        Thread.CONSUME,
        "the receipt",
        "an ack; what is parked is cleared by the ledger writer instead. Nothing else ever answers the broker",
        batch=True,
        failures={
            LedgerUnavailable: Response.PAUSE,
            NotTaken: Response.BACK_OFF,
            Unstorable: Response.BACK_OFF,
        },
    ),
    Row(Stage.REPORT, Thread.PUBLISH, "what became of it", "metrics and one log line; never fails"),
)

_FAILURES = {row.stage: row.failures for row in TABLE}


def response_to(stage: Stage, failure: BaseException) -> Response | None:
    """What becomes of a run that failed so at that stage; the nearest class decides. None: a fault of the worker's."""
    failures = _FAILURES[stage]
    return next((failures[kind] for kind in type(failure).__mro__ if kind in failures), None)

"""Why intake is paused, and for how long."""

from dataclasses import dataclass
from enum import StrEnum


class PauseCause(StrEnum):
    """Why nothing is taken up."""

    OUTAGE = "outage"
    UNAUTHORIZED = "unauthorized"
    THROTTLED = "throttled"
    PUBLISH = "publish"
    LEDGER = "ledger"


#: Troubles of this process alone; they concern the commands of every login.
OUR_OWN = frozenset({PauseCause.PUBLISH, PauseCause.LEDGER})
#: These last until the provider itself says that they are over.
ENDED_BY_PROBE = (PauseCause.OUTAGE, PauseCause.UNAUTHORIZED)


@dataclass(frozen=True, slots=True)
class PauseState:
    """One cause that holds: since and until when at least (epoch seconds), and the words for it.

    `adopted`: another process found it out, and this one has only read of it.
    """

    since: float
    until: float
    detail: str
    interval_seconds: float
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class PausePolicy:
    """`probe_seconds` between probes (a refused login: at least `refused_seconds`, doubling); `threads` is no limit."""

    probe_seconds: float = 10.0
    refused_seconds: float = 60.0
    threads: int = 64

"""What the ledger in memory keeps of one command, one message that is read, and one command that is parked."""

from dataclasses import dataclass

from worker.domain.claims import ClaimRequest, History
from worker.domain.endings import Deferral, Ending
from worker.domain.work import Parked


@dataclass(frozen=True, slots=True)
class FakeRow:
    """One command. `running`: claimed and neither deferred nor ended since; `tries` are the failed ones.

    `alone`: a process died that was at it; `crashes`: so many died while it ran alone.
    """

    request: ClaimRequest
    owner: str
    token: str
    history: History
    running: bool = True
    not_before: float = 0.0
    ending: Ending | None = None
    failed_attempts: tuple[Deferral, ...] = ()
    alone: bool = False
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class FakeReading:
    """One marked message: who reads it now, and how many died of it."""

    owner: str | None
    crashes: int = 0


@dataclass(frozen=True, slots=True)
class FakeParked:
    """One command that waits in the ledger, whose it is, and whether it was another's before."""

    owner: str
    sealed: bytes
    place: Parked
    adopted: bool = False

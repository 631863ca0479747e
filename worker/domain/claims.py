"""What the ledger answers when a command is claimed: whose it is, what happened to it so far, how it ended."""

from dataclasses import dataclass

from worker.domain.dead_letters import DeadLetter
from worker.domain.identity import CommandKey
from worker.domain.result_events import StoredEvent


@dataclass(frozen=True, slots=True)
class History:
    """What earlier attempts of one command left behind. It survives restarts.

    `attempts` counts every attempt that came to its end, also those that only looked; it is what the result event and
    the log say. `charged_attempts` are those that count against the command; `provisional` those of which it is not
    known yet whose fault they were. `provisional_at` (epoch seconds): when the last attempt failed. `begun`: an earlier
    write may have been applied. `seconds_used` counts unpaused seconds of its own, waits included. `first_failed_at` is
    epoch seconds. `note` is what a handler wrote down before its first write, so that what it finds later can be
    distinguished from what was there before.
    """

    attempts: int = 0
    charged_attempts: int = 0
    provisional: int = 0
    provisional_at: float | None = None
    seconds_used: float = 0.0
    begun: bool = False
    first_failed_at: float | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a claim is asked for.

    `fingerprints` are of the same content under every secret key, newest first: a stored one may equal any of them.
    `lanes` are the ordering keys, `username` the customer at the provider (None where the command names none). `alone`:
    nothing else runs or is read in this process until this command has come to its end or its wait. `position`: where
    the command is parked (None for what a connection delivered).
    """

    key: CommandKey
    type: str
    subject: str | None
    username: str | None
    lanes: tuple[str, ...]
    fingerprints: tuple[bytes, ...]
    redelivered: bool
    generation: int = 0
    alone: bool = False
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Proof of a claim. Whatever is recorded needs the newest token of its command."""

    key: CommandKey
    value: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """Ours, and never begun before."""

    token: Token
    history: History


@dataclass(frozen=True, slots=True)
class Resumed:
    """Ours, and tried before: `history.begun` says whether a write may have been applied.

    Also what a redelivered command is that the ledger has never seen (`history.begun` is False then).
    """

    token: Token
    history: History


@dataclass(frozen=True, slots=True)
class Done:
    """It succeeded before; this is its event, which may not have been published yet."""

    event: StoredEvent


@dataclass(frozen=True, slots=True)
class Dead:
    """It failed for good before; these are its dead letter and its event, which may not have been published yet."""

    event: StoredEvent
    dead_letter: DeadLetter


@dataclass(frozen=True, slots=True)
class Held:
    """Not ours yet: another process owns it, or it may not be tried before `until` (epoch seconds). Ask again then."""

    until: float


#: How soon one asks again for what a living process is at: it may finish it, or stop, long before its lease ends.
LOOK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A process died while it was at this command: it is given only to who claims it `alone`.

    `crashes`: so many died while they were at it and nothing else.
    """

    crashes: int = 0


@dataclass(frozen=True, slots=True)
class Crashed:
    """Ours, to be ended as a crash loop: so many processes died while they were at this command and nothing else."""

    token: Token
    history: History
    crashes: int


@dataclass(frozen=True, slots=True)
class Conflict:
    """The key is taken by a command with other content."""


Claim = Fresh | Resumed | Done | Dead | Held | Quarantined | Crashed | Conflict

#: So many crashes while it was alone end a command: one may be a person's SIGKILL, two a bad day.
MOST_CRASHES = 3


@dataclass(frozen=True, slots=True)
class MarkedReading:
    """The message may be read, behind its mark: so many processes died while they read it and did nothing else."""

    crashes: int

"""The journal: one entry per call, in the order in which the calls took effect. It never holds a secret."""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import islice

from pydantic import BaseModel, ConfigDict

from sandbox.provider.faults import Fault
from sandbox.provider.operations.calls import Edition, Format, Operation
from sandbox.provider.operations.registry import Effect
from sandbox.provider.operations.replies import AnswerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One call and what became of it.

    `sequence` is the order of effects, `arrival` the order in which calls came in: a slow call has a late sequence. The
    times are of the effect, on the monotonic clock and as epoch seconds. `query_names` are the arguments that stood in
    the URL, `header_names` the headers, lower-cased. `username` is the customer the call was about, also when
    `on_behalf_of` gave its number; `new_username` and `email` are what it asked for. `secret_digest` stands for the
    password that the call carried and `key_digest` for the login's, each if it was there.
    """

    sequence: int
    arrival: int
    monotonic_seconds: float
    epoch_seconds: float
    verb: str
    path: str
    query_names: tuple[str, ...]
    header_names: tuple[str, ...] = ()
    edition: Edition = Edition.RESELLER
    format: Format = Format.JSON
    api_user: str
    key_digest: str | None = None
    operation: Operation
    username: str
    new_username: str = ""
    email: str = ""
    on_behalf_of: str | None = None
    credential_name: str
    secret_digest: str | None
    fault: Fault | None
    answer: AnswerKind
    status: int
    effect: Effect


class Journal:
    """The newest `limit` entries; older ones are dropped and counted, so that a reader notices."""

    def __init__(self, limit: int) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=limit)
        self._last = 0
        self._grown = asyncio.Event()

    @property
    def last(self) -> int:
        """The newest entry's sequence; 0 when there was none."""
        return self._last

    @property
    def dropped(self) -> int:
        """How many entries are no longer remembered: the first ones."""
        return self._last - len(self._entries)

    def append(self, entry: JournalEntry) -> None:
        """Adds what has just happened; its sequence is `last` + 1."""
        self._entries.append(entry)
        self._last = entry.sequence
        self._grown.set()
        self._grown = asyncio.Event()

    async def grown_beyond(self, sequence: int) -> None:
        """Returns once there is an entry after the given one."""
        while self._last <= sequence:
            await self._grown.wait()

    def after(self, sequence: int, most: int) -> tuple[JournalEntry, ...]:
        """Up to `most` entries that follow the given one, oldest first."""
        start = max(0, sequence - self.dropped)
        return tuple(islice(self._entries, start, start + most))


class JournalPage(BaseModel):
    """Some entries, oldest first; `last` is the newest sequence there is, `dropped` how many are forgotten."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    entries: tuple[JournalEntry, ...]
    last: int
    dropped: int

"""Shares the provider's pauses with whoever takes over: each is a row in the ledger, verified by a probe when read.

What this process found out is written down, and taken away when it is over. What others wrote is adopted: a process
that stands by, or begins, is paused from the start and asks the probe before it takes anything up, so that a row whose
writer died holds nothing up for longer than one probe. Nobody waits for the ledger here but a thread of its own.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from worker.domain.ports import Clock
from worker.domain.retry_policy import LONGEST_PAUSE_SECONDS
from worker.domain.telemetry import Emit, PausesUnshared
from worker.errors import LedgerError, ProviderLogin
from worker.intake.causes import OUR_OWN, PauseCause, PauseState
from worker.intake.gate import IntakeGate

_Key = tuple[PauseCause, ProviderLogin]
#: A pause that is asked for by many answers at once is not written down for each of them.
_SAME_SECONDS = 1.0


class PauseNote(Protocol):
    """A pause as the ledger keeps it; `until` is epoch seconds, None while its end is unknown."""

    @property
    def cause(self) -> str:
        """The cause of the pause, a value of `PauseCause`."""

    @property
    def scope(self) -> str:
        """The login whose commands pause, a value of `ProviderLogin`."""

    @property
    def since(self) -> float:
        """When it began (epoch seconds)."""

    @property
    def until(self) -> float | None:
        """The earliest end (epoch seconds); None while it is unknown."""

    @property
    def detail(self) -> str:
        """What happened, in words for an operator."""


class PauseNotes(Protocol):
    """Where pauses are written down. Every call may raise a LedgerError: nothing was changed then."""

    def save_pause(self, cause: str, scope: str, until: float | None, detail: str) -> None:
        """Begin a pause, or change it."""

    def clear_pause(self, cause: str, scope: str) -> None:
        """End a pause; one that is not there is no error."""

    def pauses(self) -> Sequence[PauseNote]:
        """Return every pause in the ledger."""


@dataclass(frozen=True, slots=True)
class _Written:
    """What is known to be in the ledger about a pause."""

    until: float
    detail: str


class Sharing:
    """Writes and reads the rows, on a thread of its own: at each change, and every `seconds`."""

    def __init__(self, pause: IntakeGate, notes: PauseNotes, emit: Emit, clock: Clock, seconds: float) -> None:
        self._pause = pause
        self._notes = notes
        self._emit = emit
        self._clock = clock
        self._seconds = seconds
        self._written: dict[_Key, _Written] = {}
        self._is_away = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="pause-sharing", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Read what holds, and only then let others begin; then start the thread."""
        self.exchange()
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the exchange that is under way."""
        self._stopping = True
        self._pause.news.set()
        if self._thread.is_alive():
            self._thread.join()

    def exchange(self) -> None:
        """Write what changed here, then adopt what others wrote. A ledger that is away is reported once."""
        try:
            self._write()
            self._read()
        except LedgerError as trouble:
            if not self._is_away:
                self._emit(PausesUnshared(str(trouble)))
            self._is_away = True
        else:
            self._is_away = False

    def _run(self) -> None:
        while True:
            self._pause.news.wait(self._seconds)
            self._pause.news.clear()
            if self._stopping:
                return
            self.exchange()

    def _write(self) -> None:
        held = self._pause.held
        for key in [key for key in self._written if key not in held]:
            self._notes.clear_pause(*key)
            del self._written[key]
        for key, state in held.items():
            if key[0] not in OUR_OWN and not state.adopted and self._is_news(key, state):
                self._notes.save_pause(*key, state.until, state.detail)
                self._written[key] = _Written(state.until, state.detail)

    def _is_news(self, key: _Key, state: PauseState) -> bool:
        written = self._written.get(key)
        return written is None or written.detail != state.detail or abs(written.until - state.until) >= _SAME_SECONDS

    def _read(self) -> None:
        # A throttle first: the probe of another pause may be asked as soon as that one is adopted.
        for note in sorted(self._notes.pauses(), key=lambda note: note.cause != PauseCause.THROTTLED):
            key = _key_of(note)
            if key is None or key in self._written:
                continue
            until = note.until if note.until is not None else note.since
            state = PauseState(note.since, until, note.detail, self._seconds_left(note.since, until), adopted=True)
            if self._pause.adopt(*key, state):
                self._written[key] = _Written(until, note.detail)
            else:
                self._notes.clear_pause(*key)

    def _seconds_left(self, since: float, until: float) -> float:
        # By a clock that was set back since it was written, more would be left than it ever was to last.
        return min(until - self._clock.now(), until - since, LONGEST_PAUSE_SECONDS)


def _key_of(note: PauseNote) -> _Key | None:
    # Another version may write causes that this one does not know; they are none of its business.
    with suppress(ValueError):
        return PauseCause(note.cause), ProviderLogin(note.scope)
    return None

"""Watches the writer from outside: a server that stands still says nothing, and neither does who waits for it."""

from typing import Protocol

from worker.ledger.config import OnOutage
from worker.ledger.write.connection import WriterProgress
from worker.lifecycle import RepeatingPart

#: Looks, one a second: they are counted, because a process that was itself frozen makes none meanwhile.
_LOOK_SECONDS = 1.0
_LOOKS_BEFORE_REPORT = 5
#: A server's own deadline for a statement (see `stores.postgres`) ends a slow one long before.
_BREAKING_LOOKS = 20


class Watched(Protocol):
    """Whose transactions are watched: `Commits`."""

    @property
    def name(self) -> str:
        """What the database is called."""

    @property
    def progress(self) -> WriterProgress:
        """How far it has come."""

    @property
    def on_outage(self) -> OnOutage | None:
        """The function that gets the report."""

    def break_off(self) -> None:
        """Free the writer from the transaction that it is in."""


class Watchdog(RepeatingPart):
    """Reports a database that has settled nothing for five seconds, again at each look, until it settles something.

    A single transaction that is not answered for twenty is broken off: the writer then connects anew.
    """

    def __init__(self, watched: Watched) -> None:
        super().__init__("ledger-watchdog", _LOOK_SECONDS)
        self._watched = watched
        self._settled = self._begun = 0
        self._unsettled_looks = self._unanswered_looks = 0

    def look(self) -> None:
        """Compare with the last look."""
        progress = self._watched.progress
        unsettled = progress.waiting and progress.settled == self._settled
        self._unsettled_looks = self._unsettled_looks + 1 if unsettled else 0
        unanswered = unsettled and progress.begun == self._begun
        self._unanswered_looks = self._unanswered_looks + 1 if unanswered else 0
        self._settled, self._begun = progress.settled, progress.begun
        if self._unsettled_looks >= _LOOKS_BEFORE_REPORT:
            self._report(progress.trouble)
        if self._unanswered_looks >= _BREAKING_LOOKS:
            self._unanswered_looks = 0
            self._watched.break_off()

    def _report(self, trouble: str) -> None:
        on_outage = self._watched.on_outage
        if on_outage is not None:
            silence = f"The ledger {self._watched.name} does not answer: a commit has waited for more than 5 s."
            on_outage(trouble or silence)

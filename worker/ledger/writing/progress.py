"""How far the writer has come: written by its thread, looked at by another one."""

from dataclasses import dataclass


@dataclass(slots=True)
class WriterProgress:
    """Counts. `begun`: transactions that were tried; `settled`: those that ended well, or badly by their own fault.

    `waiting`: one has begun, and neither it nor any after it was settled. `trouble`: what is to be reported of the
    database since the last one failed, empty once one is settled.
    """

    begun: int = 0
    settled: int = 0
    waiting: bool = False
    trouble: str = ""

    def begin(self) -> None:
        """A transaction begins."""
        self.begun += 1
        self.waiting = True

    def settle(self) -> None:
        """The database has answered it."""
        self.settled += 1
        self.waiting = False
        self.trouble = ""

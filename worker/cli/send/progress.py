"""How far the sending is, for whoever is told when a signal ends it."""

from collections.abc import Callable, Sequence
from itertools import islice

_SHOWN_IDS = 20


class Sending:
    """Counts what the broker confirmed. `missing` names the commands whose result is awaited, if any is."""

    def __init__(self) -> None:
        self.missing: Callable[[], Sequence[str]] = tuple
        # Both in one: a signal may come between any two steps.
        self._at = (0, "")

    @property
    def count(self) -> int:
        """How many were confirmed."""
        return self._at[0]

    def begin(self, identity: str) -> None:
        """The command with this id is under way from now on."""
        self._at = (self.count, identity)

    def confirmed(self) -> None:
        """The command that was under way was confirmed."""
        self._at = (self.count + 1, "")

    def done(self) -> str:
        """What was done by now."""
        count, under_way = self._at
        if not count and not under_way:
            return "nothing was sent"
        sent = f"{counted(count)} had been sent and confirmed"
        if under_way:
            sent += f", and {under_way} was under way: it may have arrived, and can be sent again under the same id"
        missing = self.missing()
        return f"{sent}; no result yet for {named(missing)}" if missing else sent


def counted(count: int) -> str:
    """So many commands, in words."""
    return "1 command" if count == 1 else f"{count} commands"


def named(missing: Sequence[str]) -> str:
    """The first of these ids, and how many more there are."""
    more = f" and {len(missing) - _SHOWN_IDS} more" if len(missing) > _SHOWN_IDS else ""
    return ", ".join(islice(missing, _SHOWN_IDS)) + more

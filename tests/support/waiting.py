"""Waiting for something to come true: asked again and again, with a limit, never a blind sleep."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")

#: Ends a test that would wait for ever; nothing that works takes as long, also where other work holds every core.
PATIENCE_SECONDS = 60.0
#: Asked again soon at first, then each time that a tenth of the wait has gone by: asking takes the time of others.
_SOONEST_SECONDS, _LATEST_SECONDS = 0.01, 0.1


def wait_for(ask: Callable[[], _T | None], what: str, seconds: float = PATIENCE_SECONDS) -> _T:
    """Return the first answer that is something; fail, saying what was waited for, when there is none in time."""
    never = threading.Event()
    began = time.monotonic()
    while not (answer := ask()):
        waited = time.monotonic() - began
        assert waited < seconds, f"waited {seconds:g} s for {what}"
        never.wait(min(_SOONEST_SECONDS + waited / 10, _LATEST_SECONDS))
    return answer


def looks(seconds: float) -> Iterator[None]:
    """Give one look after the other for so long, ten a second: for what must stay as it is."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        yield
        threading.Event().wait(_LATEST_SECONDS)

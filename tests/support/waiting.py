"""Waiting for something to come true: asked again and again, with a limit, never a blind sleep."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

#: Ends a test that would wait for ever; nothing that works takes as long, also where other work holds every core.
PATIENCE_SECONDS = 60.0
_AGAIN_SECONDS = 0.02


def wait_for(ask: Callable[[], _T | None], what: str, seconds: float = PATIENCE_SECONDS) -> _T:
    """Return the first answer that is something; fail, saying what was waited for, when there is none in time."""
    never = threading.Event()
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}"
        never.wait(_AGAIN_SECONDS)
    return answer

"""What a call gets to see instead of the provider's honest answer when a fault has befallen it."""

import math
import time
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.operations.replies import Answer, AnswerKind, TooManyRequests, render, wrong_login
from sandbox.provider.settings import Switches

DROPPED: Final = Answer(AnswerKind.DROPPED, status=0)

_PAGE: Final = b"<html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>"
# What the provider announced for most of its calls; said when no rate limit is switched on.
_USUAL_LIMIT: Final = 600


def spoil(honest: Answer, rule: FaultRule, switches: Switches) -> Answer:
    """The answer that the fault makes of the honest one; whether the state changed is decided elsewhere."""
    match rule.fault:
        case Fault.APPLY_THEN_DROP | Fault.DROP_BEFORE | Fault.OUTAGE:
            return DROPPED
        case Fault.ERROR_500:
            return Answer(AnswerKind.ERROR_500, HTTPStatus.INTERNAL_SERVER_ERROR, _PAGE, "text/html")
        case Fault.HTML:
            return Answer(AnswerKind.HTML, HTTPStatus.OK, _PAGE, "text/html")
        case Fault.UNAUTHORIZED:
            return render(wrong_login(switches), switches)
        case Fault.TRUNCATED:
            return replace(honest, kind=AnswerKind.TRUNCATED, body=honest.body[: len(honest.body) // 2])
        case _:
            return _throttled(rule, switches) if rule.fault is Fault.THROTTLED else honest


def _throttled(rule: FaultRule, switches: Switches) -> Answer:
    """A 429. The reset is rounded up: a client that waits for it must not come back within the window."""
    reset = math.ceil(time.time() + rule.reset_seconds)
    return render(TooManyRequests(switches.rate_limit or _USUAL_LIMIT, reset), switches)

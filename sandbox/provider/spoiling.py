"""What a call gets to see instead of the provider's honest answer when a fault has befallen it."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from sandbox.provider.faults import ErrorShape, Fault, FaultRule, ThrottleHeaders
from sandbox.provider.faults.shapes import error_body, garbled_body
from sandbox.provider.operations.calls import Edition, Format
from sandbox.provider.operations.replies import AnswerKind, Manner, ProviderAnswer, TooManyRequests, render, wrong_login

DROPPED: Final = ProviderAnswer(AnswerKind.DROPPED, status=0)

_PAGE: Final = b"<html><head><title>Oops</title></head><body><h1>Something went wrong</h1></body></html>"
# What the provider announced for most of its calls; said when no rate limit is switched on.
_USUAL_LIMIT: Final = 600
# The code that stands in a body sent with status 200.
_USUAL_CODE: Final = 400
_KINDS: Final = MappingProxyType(
    {
        ErrorShape.ERR: AnswerKind.ERR,
        ErrorShape.UNF: AnswerKind.UNF,
        ErrorShape.NEST: AnswerKind.NEST,
        ErrorShape.FLAT_CODE: AnswerKind.FLAT,
        ErrorShape.FLAT_TEXT: AnswerKind.FLAT,
        ErrorShape.V3ERR: AnswerKind.V3ERR,
    }
)


def spoil(honest: ProviderAnswer, rule: FaultRule, manner: Manner, path: str) -> ProviderAnswer:
    """The answer that the fault makes of the honest one to a call of that path, in the call's own manner.

    Whether the state changed is decided elsewhere, and `delivery` sees to how the answer travels.
    """
    match rule.fault:
        case Fault.APPLY_THEN_DROP | Fault.DROP_BEFORE | Fault.OUTAGE | Fault.RESET:
            return DROPPED
        case Fault.SLOW | Fault.HELD | Fault.DRIP | Fault.TRUNCATED | Fault.HUGE | Fault.EARLY_HINTS:
            return _bent(honest, rule)
        case Fault.UNAUTHORIZED:
            return render(wrong_login(manner.switches, is_v3=manner.edition is Edition.V3), manner)
        case Fault.THROTTLED:
            return _throttled(rule, manner)
        case _:
            return _instead(rule, path, is_xml=manner.format is Format.XML)


def _bent(honest: ProviderAnswer, rule: FaultRule) -> ProviderAnswer:
    """The honest answer, or what is left of it; `huge` has none to hide when it was not applied."""
    match rule.fault:
        case Fault.TRUNCATED:
            return replace(honest, kind=AnswerKind.TRUNCATED, body=honest.body[: len(honest.body) // 2])
        case Fault.HUGE:
            return replace(honest, kind=AnswerKind.HUGE, status=honest.status or HTTPStatus.OK)
        case _:
            return honest


def _instead(rule: FaultRule, path: str, *, is_xml: bool) -> ProviderAnswer:
    """An answer that has nothing to do with the honest one."""
    status = rule.status_or_usual
    match rule.fault:
        case Fault.ERROR_500:
            return ProviderAnswer(AnswerKind.ERROR_500, status, _PAGE, "text/html")
        case Fault.HTML:
            return ProviderAnswer(AnswerKind.HTML, status, _PAGE, "text/html")
        case Fault.GARBLED:
            body = garbled_body(rule.garble, is_xml=is_xml)
            return ProviderAnswer(AnswerKind.GARBLED, status, body, _media_type(is_xml=is_xml))
        case Fault.REDIRECT:
            # Below a path of its own, so that the journal shows a client that followed.
            location = rule.location or f"/moved{path}"
            return ProviderAnswer(AnswerKind.REDIRECT, status, headers=(("Location", location),))
        case Fault.REFUSED:
            return _refused(rule, is_xml=is_xml)
        case _:
            return ProviderAnswer(AnswerKind.EMPTY, status, media_type=_media_type(is_xml=is_xml))


def _refused(rule: FaultRule, *, is_xml: bool) -> ProviderAnswer:
    """An error in the shape of the rule; recorded as sent with status 200, and later with a 4xx."""
    status = rule.status_or_usual
    code = max(status, _USUAL_CODE)
    body = error_body(rule.error_shape, code, rule.text, is_xml=is_xml)
    is_page = rule.error_shape is ErrorShape.FLAT_TEXT and not is_xml
    return ProviderAnswer(
        _KINDS[rule.error_shape], status, body, "text/html" if is_page else _media_type(is_xml=is_xml)
    )


def _media_type(*, is_xml: bool) -> str:
    return "application/xml" if is_xml else "application/json"


def _throttled(rule: FaultRule, manner: Manner) -> ProviderAnswer:
    """A 429 with the provider's three headers, or with exactly those of the rule."""
    reset_seconds = rule.reset_seconds if rule.headers is None else rule.headers.reset_seconds or 0.0
    # Rounded up: a client that waits for it must not come back within the window.
    reset = math.ceil(time.time() + reset_seconds)
    usual = render(TooManyRequests(manner.switches.rate_limit or _USUAL_LIMIT, reset), manner)
    return usual if rule.headers is None else replace(usual, headers=tuple(_headers(rule.headers, usual.headers)))


def _headers(wanted: ThrottleHeaders, usual: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    """The headers asked for, in the case asked for."""
    spell = str.swapcase if wanted.odd_case else str
    if wanted.reset_seconds is not None:
        yield from ((spell(name), value) for name, value in usual)
    if wanted.retry_after_seconds is not None:
        seconds = math.ceil(wanted.retry_after_seconds)
        # A date has whole seconds and would be rounded down.
        value = formatdate(time.time() + seconds + 1, usegmt=True) if wanted.as_date else str(seconds)
        yield spell("Retry-After"), value
    yield from wanted.verbatim

"""Answers as the transport hands them over, and the failures they mean."""

import pytest
from requests.structures import CaseInsensitiveDict

from worker.errors import ProviderError
from worker.provider.answers import expect_success
from worker.provider.wire.transport import HttpAnswer

HTML = "<html><body>Oops</body></html>"
SUCCESS = '{"message":"success"}'


def answer(body: str | bytes = SUCCESS, status: int = 200, **headers: str) -> HttpAnswer:
    """Make one; the header names' dashes are written as underscores."""
    raw = body.encode() if isinstance(body, str) else body
    return HttpAnswer(
        status, CaseInsensitiveDict({name.replace("_", "-"): text for name, text in headers.items()}), raw
    )


def failure(body: str | bytes = SUCCESS, status: int = 200, **headers: str) -> ProviderError:
    """What it means after a change."""
    with pytest.raises(ProviderError) as raised:
        expect_success(answer(body, status, **headers))
    return raised.value

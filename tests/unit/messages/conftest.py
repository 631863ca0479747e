"""The forms a message may have, for tests that hold in each of them."""

import pytest

from tests.unit.messages.wire import FORMS, Build


@pytest.fixture(params=list(FORMS))
def build(request: pytest.FixtureRequest) -> Build:
    return FORMS[request.param]

"""A stand-in without a socket, holding the state that the behaviour checks start from."""

from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

import pytest

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.operations.reading import Request
from sandbox.provider.operations.replies import ProviderAnswer
from sandbox.provider.settings import SandboxConfig, Switches
from sandbox.provider.standin import StandIn


@pytest.fixture
def standin() -> StandIn:
    switches = Switches(today=date(2011, 2, 28))
    return StandIn(SandboxConfig(seed=check_seed(), switches=switches))


@pytest.fixture
def say(standin: StandIn) -> Callable[..., ProviderAnswer]:
    """Calls an action of the reseller edition as acme, and applies it at once."""

    def call(action: str, **form: object) -> ProviderAnswer:
        body = urlencode({"api_user": "acme", "api_key": "pw", **form}, doseq=True).encode()
        return standin.answer(standin.arrive(Request("POST", f"/apiv2/reseller.{action}.json", body=body)))

    return call


@pytest.fixture
def new() -> dict[str, object]:
    """The sixteen required arguments of a new customer."""
    names = ["first_name", "last_name", "address", "city", "state", "zip", "country", "phone", "company"]
    return {
        **dict.fromkeys(names, "x"),
        "username": "new@x.com",
        "email": "new@x.com",
        "password": "secret1",
        "confirm_password": "secret1",
        "website": "example.com",
        "package": "Basic",
        "whitelabel": "mail.example.com",
    }

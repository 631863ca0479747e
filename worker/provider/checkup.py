"""A look at the provider for `doctor`: both logins, by calls that only read."""

from collections.abc import Callable
from contextlib import suppress

from worker.doctor.facts import LoginStatus, ProviderFacts
from worker.errors import NotSent, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider.client import ProviderClient
from worker.provider.config import ProviderConfig


def look_at_provider(config: ProviderConfig) -> ProviderFacts:
    """What can be seen of the provider. One that is away, or refuses us, is a fact too: never raises."""
    client = ProviderClient(config, may_write=lambda: False)
    try:
        v2, v2_words = _tried(client.probe)
        v3, v3_words = _tried(lambda: _ask_v3(client, config)) if config.login.v3_api_key else (LoginStatus.UNUSED, "")
    finally:
        client.close()
    return ProviderFacts(v2, v3, v2_words, v3_words)


def _tried(call: Callable[[], object]) -> tuple[LoginStatus, str]:
    try:
        call()
    except (Rejected, Throttled):
        # It knows us, and answers the question with no, or not now.
        return LoginStatus.ACCEPTED, ""
    except Unauthorized as refusal:
        return LoginStatus.REFUSED, refusal.detail
    except NotSent as failure:
        return LoginStatus.AWAY, failure.detail
    except ProviderError as failure:
        return LoginStatus.UNCLEAR, failure.detail
    return LoginStatus.ACCEPTED, ""


def _ask_v3(client: ProviderClient, config: ProviderConfig) -> None:
    """Ask on behalf of a customer that is there: for one that is not, some providers refuse a good key as well."""
    customer = None
    with suppress(ProviderError):
        customer = next((row for row in client.search({}) if row.username), None)
    client.acting_for(customer.username if customer else config.login.api_user)

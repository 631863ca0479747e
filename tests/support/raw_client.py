"""The provider's client as tests use it against a raw server: with little patience."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.provider.client import ProviderClient
from worker.provider.config import Login, ProviderConfig

KEY = "res3ller-key"
BOUND = 0.4


@contextmanager
def client(
    url: str, proxy: str | None = None, ca_bundle: str | None = None, bound: float = BOUND
) -> Iterator[ProviderClient]:
    """Build one whose calls take so many seconds at most."""
    config = ProviderConfig(
        url,
        Login("reseller", KEY),
        connect_timeout_seconds=bound,
        timeout_seconds=bound,
        proxy=proxy,
        ca_bundle=ca_bundle,
    )
    made = ProviderClient(config, lambda: True, lambda *_: None)
    yield made
    made.close()

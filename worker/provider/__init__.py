"""The provider's customer API over HTTP: the only room that knows requests, urllib3 and tenacity."""

from worker.provider.client import ProviderClient
from worker.provider.config import CallObserver, Login, ProviderConfig

__all__ = ["CallObserver", "Login", "ProviderClient", "ProviderConfig"]

"""What an operator can set, and how it is read."""

from worker.settings.loading import given, load, unknown_names, unknown_variables
from worker.settings.model import BrokerReach, LedgerReach, ProviderReach, SecretsReach, Settings

__all__ = [
    "BrokerReach",
    "LedgerReach",
    "ProviderReach",
    "SecretsReach",
    "Settings",
    "given",
    "load",
    "unknown_names",
    "unknown_variables",
]

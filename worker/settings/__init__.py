"""What an operator can set, and how it is read."""

from worker.settings.loading import load, unknown_names
from worker.settings.model import BrokerReach, LedgerReach, Settings

__all__ = ["BrokerReach", "LedgerReach", "Settings", "load", "unknown_names"]

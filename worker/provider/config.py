"""What the provider room must be told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

#: Called once per call with the operation, the result and the seconds it took.
CallObserver = Callable[["Operation", "CallResult", float], None]


class Operation(StrEnum):
    """The provider's operations, as the metrics name them."""

    ADD = "add"
    RETRIEVE = "retrieve"
    DISABLE = "disable"
    CREDENTIAL_EDIT = "credential_edit"


class CallResult(StrEnum):
    """How one call ended, as the metrics count it."""

    SUCCESS = "success"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    THROTTLED = "throttled"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class Login:
    """The reseller's login; the key is its password and never shown."""

    api_user: str
    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """Where the provider is and how patient to be. Times are seconds; `timeout_seconds` bounds a whole call.

    `rate_per_minute` is a limit of our own on calls, 0 for none.
    """

    base_url: str
    login: Login
    connect_timeout_seconds: float = 3.0
    timeout_seconds: float = 10.0
    concurrency: int = 32
    rate_per_minute: int = 0
    #: May hold a login.
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None

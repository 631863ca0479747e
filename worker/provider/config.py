"""What the provider room must be given, and what it reports of its calls."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from worker.errors import ProviderLogin, SettingsInvalid
from worker.provider.wire.tls import bundle_fault

Edition = Literal["reseller", "distributor"]
Format = Literal["json", "xml"]


# The operations that belong to no rule of a command (see `calls.py`), as the metrics name them.
RETRIEVE = "retrieve"
USER_PROFILE_UPDATE = "user_profile_update"
USER_USERNAME = "user_username"

#: What changes nothing at the provider, and may be asked by a process that must not write any more.
READS = frozenset({RETRIEVE, USER_USERNAME})

_OF_V3 = frozenset({USER_PROFILE_UPDATE, USER_USERNAME})


def login_for(operation: str) -> ProviderLogin:
    """The login that an operation needs: the bearer key, or name and password."""
    return ProviderLogin.V3 if operation in _OF_V3 else ProviderLogin.V2


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
    """The reseller's logins: name and password for v2, the bearer key for v3 if there is one. Keys are never shown."""

    api_user: str
    api_key: str = field(repr=False)
    v3_api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """Where the provider is, which dialect it is spoken to in, and how patient to be.

    Times are seconds; `timeout_seconds` bounds a whole call. `v3_base_url` is `base_url` unless it is given.
    `concurrency`: how many threads call, so that each finds a connection kept. `rate_per_minute` is a limit of our own
    on calls, 0 for none. Raises SettingsInvalid when the file of the CA bundle cannot be used: no call would ever
    succeed.
    """

    base_url: str
    login: Login
    v3_base_url: str | None = None
    edition: Edition = "reseller"
    format: Format = "json"
    connect_timeout_seconds: float = 3.0
    timeout_seconds: float = 10.0
    concurrency: int = 32
    rate_per_minute: int = 0
    #: May hold a login.
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None

    def __post_init__(self) -> None:
        fault = bundle_fault(self.ca_bundle) if self.ca_bundle else None
        if fault:
            raise SettingsInvalid([fault])

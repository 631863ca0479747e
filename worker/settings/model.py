"""What an operator can set: `PROVISIONING_` and the names below, `__` between the levels, or the same as `..._FILE`."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.domain.texts.host_names import is_host
from worker.settings.naming import is_path

PREFIX = "PROVISIONING_"

#: Far beyond any use: the clocks and timers that a longer time is given to would overflow.
_A_YEAR_IN_SECONDS = 31_536_000
#: A longer time would begin before the calendar does, at the year 1.
LONGEST_KEEP_DAYS = 700_000
#: So many mean "no limit" to whoever sets them, and nothing is made that would be as large.
_MOST = 2**31 - 1
_Seconds = Annotated[float, Field(ge=0, le=_A_YEAR_IN_SECONDS, allow_inf_nan=False)]
_SomeSeconds = Annotated[float, Field(gt=0, le=_A_YEAR_IN_SECONDS, allow_inf_nan=False)]


def _fits_a_header(value: SecretStr | None) -> SecretStr | None:
    key = value.get_secret_value() if value else ""
    if value is not None and not key:
        raise ValueError("is empty; give it a value or unset it")
    if not (key.isascii() and key.isprintable()) or key != key.strip():
        raise ValueError("must be printable ASCII without spaces at its ends")
    return value


def _is_a_path(value: Path | None) -> Path | None:
    if value is not None and not is_path(str(value)):
        raise ValueError("must be the path of a file, not what the file holds")
    return value


def _can_be_a_host(value: str) -> str:
    if not is_host(value) or "/" in value or (":" in value and not _is_address(value)):
        raise ValueError("must be an address or a name alone: no brackets, no port, no spaces")
    return value


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


_File = Annotated[Path | None, AfterValidator(_is_a_path)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class AmqpSettings(_Section):
    """The broker."""

    url: SecretStr = Field(SecretStr("amqp://guest:guest@127.0.0.1:5672/"), description="the broker; amqps:// for TLS")
    tls_ca: _File = Field(None, description="path of the CA bundle that signs the broker's certificate")
    tls_cert: _File = Field(None, description="path of the client certificate")
    tls_key: _File = Field(None, description="path of the client certificate's key")
    management_url: SecretStr | None = Field(None, description="optional: lets doctor read arguments and policies")
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,100}$")] = Field(
        "provisioning", description="first part of every exchange's and queue's name"
    )
    prefetch: Annotated[int, Field(ge=1, le=65_535)] = Field(
        500, description="unacknowledged deliveries held at once; constant while running"
    )
    hold_seconds: _SomeSeconds = Field(
        600.0, description="oldest a held delivery may grow before the window is given back and taken again"
    )
    declare: bool = Field(
        default=True, description="declare the topology at start; false: only look whether it is there"
    )


class ProviderSettings(_Section):
    """The provider's customer API."""

    base_url: str = Field("http://127.0.0.1:8025", description="scheme, host and port of the v2 API")
    v3_base_url: str | None = Field(None, description="the same of the v3 API; default: the v2 one")
    edition: Literal["reseller", "distributor"] = Field(
        "reseller", description="which of the provider's editions to speak; distributor knows no credentials"
    )
    format: Literal["json", "xml"] = Field("json", description="the format of answers; read-backs are always JSON")
    api_user: str = Field(description="the reseller's login (required)")
    api_key: SecretStr = Field(description="the reseller's password (required)")
    v3_api_key: Annotated[SecretStr | None, AfterValidator(_fits_a_header)] = Field(
        None, description="bearer key, needed only for v3 commands"
    )
    connect_timeout_seconds: _SomeSeconds = Field(3.0, description="patience for a connection")
    timeout_seconds: _SomeSeconds = Field(10.0, description="bounds the whole call, not one read")
    settle_seconds: _Seconds = Field(
        10.0, description="how long after an unknown outcome its lane waits before it reads back"
    )
    rate_per_minute: Annotated[int, Field(ge=0, le=_MOST)] = Field(0, description="client-side limit, 0 = none")
    proxy: SecretStr | None = Field(
        None, description="proxy URL; the environment's own proxy variables are not consulted"
    )
    ca_bundle: _File = Field(None, description="path of the CA bundle that signs the provider's certificate")


class WorkerSettings(_Section):
    """The worker itself."""

    concurrency: Annotated[int, Field(ge=1, le=1024)] = Field(
        32, description="provider calls in flight, without a probe"
    )
    drain_seconds: _Seconds = Field(25.0, description="how long a stop waits for what is in flight")


class RetrySettings(_Section):
    """How long one command is tried."""

    max_attempts: Annotated[int, Field(ge=1, le=_MOST)] = Field(20, description="charged attempts of one command")
    # Only compared with, so that any number may stand for "no limit".
    window_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        600.0, description="unpaused seconds of one command"
    )
    base_seconds: _Seconds = Field(1.0, description="first wait; doubles, with equal jitter")
    cap_seconds: _SomeSeconds = Field(60.0, description="longest wait")


class PauseSettings(_Section):
    """The pause during an outage of the provider."""

    probe_seconds: _SomeSeconds = Field(10.0, description="time between probes (a refused login: at least 60, growing)")


class LedgerSettings(_Section):
    """The ledger."""

    url: SecretStr | None = Field(
        None, description="default: SQLite under the state folder; or postgresql+psycopg://user@host/database"
    )
    keep_days: Annotated[int, Field(ge=1, le=LONGEST_KEEP_DAYS)] = Field(
        90, description="finished commands are kept so long; a repeat after that is new"
    )


class SecretsSettings(_Section):
    """The keys that encrypt at rest and make fingerprints."""

    keys: SecretStr | None = Field(
        None,
        description="Fernet keys, newest first, comma-separated; default: a generated file beside the SQLite ledger",
    )


class HttpSettings(_Section):
    """Health and metrics."""

    host: Annotated[str, AfterValidator(_can_be_a_host)] = Field(
        "127.0.0.1", description="address to listen on (the image sets 0.0.0.0)"
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(9464, description="port to listen on; 0 = a free one")


class LogSettings(_Section):
    """The log."""

    format: Literal["auto", "json", "text"] = Field(
        "auto", description="auto: readable on a terminal, JSON lines otherwise"
    )
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is written")
    subjects: Literal["plain", "hashed"] = Field(
        "plain", description="how customers are written, in subjects and in texts; ids stay"
    )


class Environment(BaseSettings):
    """What `loading` has read of the environment, checked; no .env file: what is set is what is exported."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - our own reads files too, once for all the checks
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - see the class
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by the _FILE names
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what was read, and read nothing more."""
        return (init_settings,)


class _Reach(Environment):
    allow_plaintext: bool = Field(
        default=False, description="without it, http and amqp are refused for hosts beyond the loopback"
    )


class BrokerReach(_Reach):
    """What a tool needs that only speaks to the broker."""

    amqp: AmqpSettings = AmqpSettings()


class ProviderReach(_Reach):
    """What a tool needs that only asks the provider."""

    provider: ProviderSettings


class LedgerReach(Environment):
    """What a tool needs that only looks into the ledger."""

    ledger: LedgerSettings = LedgerSettings()


class SecretsReach(Environment):
    """The keys alone."""

    secrets: SecretsSettings = SecretsSettings()


class Settings(BrokerReach, ProviderReach, LedgerReach, SecretsReach):
    """Everything that can be set. Frozen; secrets show as asterisks."""

    worker: WorkerSettings = WorkerSettings()
    retry: RetrySettings = RetrySettings()
    pause: PauseSettings = PauseSettings()
    http: HttpSettings = HttpSettings()
    log: LogSettings = LogSettings()

"""What each room gets of the settings: each room's own words for what an operator set."""

from worker.broker.address import BrokerAddress
from worker.ledger.config import LedgerIdentity
from worker.ledger.keys import Fingerprinter, keys_in
from worker.provider.config import Login, ProviderConfig
from worker.settings import BrokerReach, ProviderReach, SecretsReach, Settings


def broker_address(settings: BrokerReach) -> BrokerAddress:
    """Where the broker is. Raises SettingsInvalid when the URL or a TLS file cannot be used."""
    amqp = settings.amqp
    paths = [str(path) if path else None for path in (amqp.tls_ca, amqp.tls_cert, amqp.tls_key)]
    return BrokerAddress(amqp.url.get_secret_value(), *paths)


def ledger_identity(settings: Settings, marks: Fingerprinter) -> LedgerIdentity:
    """Whose commands the ledger remembers: this broker's, this prefix's, this provider login's."""
    return LedgerIdentity(
        vhost=broker_address(settings).virtual_host,
        prefix=settings.amqp.prefix,
        provider_login=settings.provider.api_user,
        provider_base_url=settings.provider.base_url,
        provider_edition=settings.provider.edition,
        key_marks=marks.marks,
    )


def configured_keys(settings: SecretsReach) -> tuple[str, ...]:
    """The secret keys that were set, newest first; none when the file beside the ledger is to be used."""
    return keys_in(settings.secrets.keys.get_secret_value() if settings.secrets.keys else "")


def provider_config(settings: ProviderReach, concurrency: int = 1) -> ProviderConfig:
    """How to speak to the provider, for so many threads that call."""
    provider = settings.provider
    return ProviderConfig(
        base_url=provider.base_url,
        v3_base_url=provider.v3_base_url,
        edition=provider.edition,
        format=provider.format,
        login=login_in(settings),
        connect_timeout_seconds=provider.connect_timeout_seconds,
        timeout_seconds=provider.timeout_seconds,
        concurrency=concurrency,
        proxy=provider.proxy.get_secret_value() if provider.proxy else None,
        ca_bundle=str(provider.ca_bundle) if provider.ca_bundle else None,
        rate_per_minute=provider.rate_per_minute,
    )


def login_in(settings: ProviderReach) -> Login:
    """The login at the provider."""
    provider = settings.provider
    v3_api_key = provider.v3_api_key.get_secret_value() if provider.v3_api_key else None
    return Login(provider.api_user, provider.api_key.get_secret_value(), v3_api_key)

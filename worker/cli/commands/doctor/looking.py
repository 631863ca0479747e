"""Looks at everything the settings name. What cannot be looked at for a bad setting is left out, and reported by it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import SecretStr

from worker.broker.diagnose.checkup import look_at_broker
from worker.broker.topology.model import Topology
from worker.cli.reading import read_settings
from worker.doctor.facts import BrokerFacts, Facts, LedgerFacts, ProviderFacts, SettingsFacts, UnknownSetting
from worker.errors import SettingsInvalid
from worker.from_settings import broker_address, configured_keys, ledger_identity, provider_config
from worker.ledger.keys import Fingerprinter
from worker.ledger.read.checkup import look_at_ledger
from worker.provider.checkup import look_at_provider
from worker.settings import (
    BrokerReach,
    LedgerReach,
    ProviderReach,
    SecretsReach,
    Settings,
    given,
    load,
    unknown_variables,
)
from worker.settings.model import ProviderSettings
from worker.settings.places import ledger_url
from worker.settings.urls import plaintext_urls

_T = TypeVar("_T")


def look(environment: Mapping[str, str]) -> Facts:
    """Everything that can be seen now. Never raises for what it finds."""
    settings: Settings | None = None
    faults: tuple[str, ...] = ()
    try:
        settings = read_settings()
    except SettingsInvalid as exc:
        faults = exc.faults
    return Facts(
        settings=settings_facts(settings, faults, environment),
        broker=_if_set(lambda: _broker(settings or load(BrokerReach))),
        provider=_if_set(lambda: _provider(settings or load(ProviderReach))),
        ledger=_if_set(lambda: _ledger(settings, environment)),
    )


def settings_facts(settings: Settings | None, faults: tuple[str, ...], environment: Mapping[str, str]) -> SettingsFacts:
    """What the rules get of the settings; of those that cannot be used the faults, and the numbers by default."""
    known = settings or Settings(provider=ProviderSettings(api_user="", api_key=SecretStr("")))
    return SettingsFacts(
        prefetch=known.amqp.prefetch,
        hold_seconds=known.amqp.hold_seconds,
        timeout_seconds=known.provider.timeout_seconds,
        settle_seconds=known.provider.settle_seconds,
        declare=known.amqp.declare,
        faults=faults,
        unknown=tuple(UnknownSetting(name, meant) for name, meant in unknown_variables(environment)),
        plain_urls=tuple(plaintext_urls(given(Settings))) if settings else (),
    )


def _if_set(look_at: Callable[[], _T]) -> _T | None:
    try:
        return look_at()
    except SettingsInvalid:
        # It is among the faults of the settings already.
        return None


def _broker(reach: BrokerReach) -> BrokerFacts:
    management = reach.amqp.management_url
    return look_at_broker(
        broker_address(reach), Topology(reach.amqp.prefix), management.get_secret_value() if management else None
    )


def _provider(reach: ProviderReach) -> ProviderFacts:
    return look_at_provider(provider_config(reach))


def _ledger(settings: Settings | None, environment: Mapping[str, str]) -> LedgerFacts:
    url = ledger_url(settings or load(LedgerReach), environment)
    # Without keys: which fit is seen beside the ledger, where the generated ones lie.
    identity = ledger_identity(settings, Fingerprinter(())) if settings else None
    return look_at_ledger(url, identity, configured_keys(settings or load(SecretsReach)))

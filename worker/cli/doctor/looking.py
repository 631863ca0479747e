"""Looks at everything the settings name. What cannot be looked at for a bad setting is left out, and reported by it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from worker.broker.diagnose.checkup import look_at_broker
from worker.broker.topology.model import Topology
from worker.cli.reading import read_settings
from worker.doctor.broker_facts import BrokerFacts
from worker.doctor.facts import Facts, LedgerFacts, ProviderFacts, SettingsFacts, UnknownSetting
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
    unknown_names,
)
from worker.settings.places import ledger_url
from worker.settings.urls import url_faults

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
        settings=_settings(settings, faults, environment),
        broker=_if_set(_broker),
        provider=_if_set(_provider),
        ledger=_if_set(lambda: _ledger(settings, environment)),
    )


def _if_set(look_at: Callable[[], _T]) -> _T | None:
    try:
        return look_at()
    except SettingsInvalid:
        # It is among the faults of the settings already.
        return None


def _broker() -> BrokerFacts:
    reach = load(BrokerReach)
    management = reach.amqp.management_url
    return look_at_broker(
        broker_address(reach), Topology(reach.amqp.prefix), management.get_secret_value() if management else None
    )


def _provider() -> ProviderFacts:
    return look_at_provider(provider_config(load(ProviderReach)))


def _ledger(settings: Settings | None, environment: Mapping[str, str]) -> LedgerFacts:
    url = ledger_url(load(LedgerReach), environment)
    # Without keys: which fit is seen beside the ledger, where the generated ones lie.
    identity = ledger_identity(settings, Fingerprinter(())) if settings else None
    return look_at_ledger(url, identity, configured_keys(load(SecretsReach)))


def _settings(settings: Settings | None, faults: tuple[str, ...], environment: Mapping[str, str]) -> SettingsFacts:
    unknown = tuple(_unknown(warning) for warning in unknown_names(environment))
    if settings is None:
        return SettingsFacts(faults=faults, unknown=unknown)
    amqp, provider, worker = settings.amqp, settings.provider, settings.worker
    return SettingsFacts(
        unknown=unknown,
        plain_urls=_plain_urls(),
        declare=amqp.declare,
        prefetch=amqp.prefetch,
        hold_seconds=amqp.hold_seconds,
        timeout_seconds=provider.timeout_seconds,
        settle_seconds=provider.settle_seconds,
        drain_seconds=worker.drain_seconds,
        rate_per_minute=provider.rate_per_minute,
        concurrency=worker.concurrency,
        edition=provider.edition,
        v3_key_set=provider.v3_api_key is not None,
    )


def _unknown(warning: str) -> UnknownSetting:
    """Take the names out of the warning that the other commands print."""
    name, _, rest = warning.partition(" ")
    meant = rest.partition("did you mean ")[2].rstrip("?")
    return UnknownSetting(name, meant or None)


def _plain_urls() -> tuple[str, ...]:
    """The settings whose URL would be refused if plaintext were not allowed."""
    faults = url_faults({**given(Settings), "allow_plaintext": "false"})
    return tuple(fault.partition(":")[0] for fault in faults)

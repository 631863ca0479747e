"""Reads the settings as the worker will use them, so that every fault is named at once and not one per start."""

from collections.abc import Callable, Iterator

from worker.broker import BrokerAddress
from worker.errors import LedgerRefused, SettingsInvalid
from worker.from_settings import configured_keys
from worker.ledger.keys import check_keys
from worker.ledger.stores.opening import name_of
from worker.provider.wire.trust import bundle_fault
from worker.settings import SecretsReach, Settings, given, load
from worker.settings.naming import is_path

#: Checked when none is set; the default is as good.
_ANY_BROKER = "amqp://127.0.0.1"


def read_settings() -> Settings:
    """The settings. Raises SettingsInvalid naming every fault there is, also in URLs and keys."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: load(Settings),
        _check_broker,
        _check_bundle,
        _check_keys,
        _check_ledger,
    )
    faults = dict.fromkeys(fault for check in checks for fault in _faults(check))
    if faults:
        raise SettingsInvalid(list(faults))
    return load(Settings)


def _faults(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except SettingsInvalid as exc:
        yield from exc.faults
    except LedgerRefused as exc:
        yield str(exc)


def _check_broker() -> None:
    amqp = given(Settings).get("amqp", {})
    files = [_path(amqp.get(name)) for name in ("tls_ca", "tls_cert", "tls_key")]
    BrokerAddress(amqp.get("url", _ANY_BROKER), *files)


def _path(given_value: str | None) -> str | None:
    """What may be opened and named; anything else is a fault already, and may be a key."""
    return given_value if given_value and is_path(given_value) else None


def _check_bundle() -> None:
    bundle = _path(given(Settings).get("provider", {}).get("ca_bundle"))
    fault = bundle_fault(bundle) if bundle else None
    if fault:
        raise SettingsInvalid([fault])


def _check_keys() -> None:
    if given(Settings).get("secrets", {}).get("keys"):
        check_keys(configured_keys(load(SecretsReach)))


def _check_ledger() -> None:
    url = given(Settings).get("ledger", {}).get("url")
    if url is not None:
        name_of(url)

"""Reads the settings as the worker will use them, so that every fault is named at once and not one per start.

What checks a setting that was not given is not imported: `config check` is typed often, and a database takes a while.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from worker.broker.address import BrokerAddress
from worker.errors import LedgerRefused, SettingsInvalid
from worker.settings import Settings
from worker.settings.files import FileEnvSource
from worker.settings.loading import checked
from worker.settings.naming import is_path

#: By section, as it was written; holds secrets in clear.
_Given = Mapping[str, Mapping[str, Any]]

#: Checked when none is set; the default is as good.
_ANY_BROKER = "amqp://127.0.0.1"


def read_settings() -> Settings:
    """The settings, read once. Raises SettingsInvalid naming every fault there is, also in URLs and keys."""
    read: list[Settings] = []
    source = FileEnvSource(Settings)
    given = source()
    checks: tuple[Callable[[], object], ...] = (
        lambda: read.append(checked(Settings, source)),
        lambda: _check_broker(given),
        lambda: _check_bundle(given),
        lambda: _check_keys(given),
        lambda: _check_ledger(given),
    )
    faults = dict.fromkeys(fault for check in checks for fault in _faults(check))
    if faults:
        raise SettingsInvalid(list(faults))
    return read[0]


def _faults(check: Callable[[], object]) -> Iterator[str]:
    try:
        check()
    except SettingsInvalid as exc:
        yield from exc.faults
    except LedgerRefused as exc:
        yield str(exc)


def _check_broker(given: _Given) -> None:
    amqp = given.get("amqp", {})
    files = [_path(amqp.get(name)) for name in ("tls_ca", "tls_cert", "tls_key")]
    BrokerAddress(amqp.get("url", _ANY_BROKER), *files)


def _path(given_value: str | None) -> str | None:
    """What may be opened and named; anything else is a fault already, and may be a key."""
    return given_value if given_value and is_path(given_value) else None


def _check_bundle(given: _Given) -> None:
    bundle = _path(given.get("provider", {}).get("ca_bundle"))
    if not bundle:
        return
    from worker.provider.wire.tls import bundle_fault  # noqa: PLC0415 - see the module

    fault = bundle_fault(bundle)
    if fault:
        raise SettingsInvalid([fault])


def _check_keys(given: _Given) -> None:
    keys = given.get("secrets", {}).get("keys")
    if not keys:
        return
    from worker.ledger.keys import check_keys, keys_in  # noqa: PLC0415 - see the module

    check_keys(keys_in(keys))


def _check_ledger(given: _Given) -> None:
    url = given.get("ledger", {}).get("url")
    if url is None:
        return
    from worker.ledger.stores.url import name_of  # noqa: PLC0415 - see the module

    name_of(url)

"""Whatever holds a secret can be printed, logged or raised without showing it."""

import pickle
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from messages.commands import UpdateUserProfile
from tests.support import plants
from tests.support.commands import Command
from tests.support.plants import planted, seen_in
from tests.support.work_samples import delivery, envelope_of, work_of
from worker.broker.address import Role
from worker.broker.connection.parameters import connection_parameters
from worker.from_settings import broker_address, ledger_identity, provider_config
from worker.ledger.config import LedgerConfig
from worker.ledger.keys import fingerprinter
from worker.provider.calls import Forms, Profiles
from worker.provider.client import ProviderClient
from worker.settings import Settings, load
from worker.settings.loading import ledger_url

URL = quote(planted("url"), safe="")
SECRETS = {
    "AMQP__URL": f"amqp://u:{URL}@127.0.0.1:1/",
    "AMQP__MANAGEMENT_URL": f"http://u:{URL}@127.0.0.1:1/",
    "LEDGER__URL": f"postgresql+psycopg://u:{URL}@127.0.0.1:1/ledger",
    "PROVIDER__API_USER": "acme",
    "PROVIDER__PROXY": f"http://u:{URL}@127.0.0.1:1",
    "PROVIDER__API_KEY": plants.API_KEY,
    "PROVIDER__V3_API_KEY": plants.V3_KEY,
    "SECRETS__KEYS": plants.LEDGER_KEY,
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in SECRETS.items():
        monkeypatch.setenv(f"PROVISIONING_{name}", value)
    return load(Settings)


def built_from(settings: Settings) -> Iterator[object]:
    """What the settings become."""
    config, address = provider_config(settings), broker_address(settings)
    marks = fingerprinter((plants.LEDGER_KEY,))
    yield from (settings, settings.amqp, settings.ledger, settings.secrets, settings.provider)
    yield from (
        config,
        config.login,
        address,
        connection_parameters(address, Role.ERRAND),
        ProviderClient(config, bool, print),
    )
    yield from (marks, ledger_identity(settings, marks), LedgerConfig(ledger_url(settings, {}), 1.0, 1))


def shown(thing: object) -> str:
    return f"{thing!r} {thing}"


def test_settings_and_what_is_built_from_them_show_no_secret(settings: Settings) -> None:
    assert seen_in(pickle.dumps(settings)), "the settings hold none of the secrets, so this proves nothing"
    assert [type(thing).__name__ for thing in built_from(settings) if seen_in(shown(thing))] == []


@pytest.mark.parametrize("command", plants.applied()[:4], ids=lambda command: command.type)
def test_a_command_and_its_call_show_no_secret(settings: Settings, command: Command) -> None:
    envelope = envelope_of(command)
    call = Forms(provider_config(settings)).change(envelope.data)
    sent = call.request(provider_config(settings).login)
    assert b"pl4nted" in (sent.body or b"")
    things = (envelope, envelope.data, call, sent, work_of(command), delivery(command))
    assert [type(thing).__name__ for thing in things if seen_in(shown(thing))] == []


def test_a_call_of_the_newer_api_shows_no_key(settings: Settings) -> None:
    command = UpdateUserProfile.model_validate(plants.applied()[4].data)
    call = Profiles(provider_config(settings)).update(command)
    sent = call.request(provider_config(settings).login)
    assert seen_in(sent.headers)
    assert seen_in(shown(call) + shown(sent)) == []

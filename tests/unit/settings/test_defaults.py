"""The public names and their defaults: what this table says, users hold on to."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from tests.unit.settings.conftest import Export, Faults
from worker.cli.commands.config import template
from worker.settings import BrokerReach, LedgerReach, SecretsReach, Settings, load
from worker.settings.loading import names
from worker.settings.model import PREFIX

DEFAULTS: dict[str, object] = {
    "AMQP__URL": "amqp://guest:guest@127.0.0.1:5672/",
    "AMQP__TLS_CA": None,
    "AMQP__TLS_CERT": None,
    "AMQP__TLS_KEY": None,
    "AMQP__MANAGEMENT_URL": None,
    "AMQP__PREFIX": "provisioning",
    "AMQP__PREFETCH": 500,
    "AMQP__HOLD_SECONDS": 600,
    "AMQP__DECLARE": True,
    "PROVIDER__BASE_URL": "http://127.0.0.1:8025",
    "PROVIDER__V3_BASE_URL": None,
    "PROVIDER__EDITION": "reseller",
    "PROVIDER__FORMAT": "json",
    "PROVIDER__V3_API_KEY": None,
    "PROVIDER__CONNECT_TIMEOUT_SECONDS": 3,
    "PROVIDER__TIMEOUT_SECONDS": 10,
    "PROVIDER__SETTLE_SECONDS": 10,
    "PROVIDER__RATE_PER_MINUTE": 0,
    "PROVIDER__PROXY": None,
    "PROVIDER__CA_BUNDLE": None,
    "ALLOW_PLAINTEXT": False,
    "WORKER__CONCURRENCY": 32,
    "WORKER__DRAIN_SECONDS": 25,
    "RETRY__MAX_ATTEMPTS": 20,
    "RETRY__WINDOW_SECONDS": 600,
    "RETRY__BASE_SECONDS": 1,
    "RETRY__CAP_SECONDS": 60,
    "PAUSE__PROBE_SECONDS": 10,
    "LEDGER__URL": None,
    "LEDGER__KEEP_DAYS": 90,
    "SECRETS__KEYS": None,
    "HTTP__HOST": "127.0.0.1",
    "HTTP__PORT": 9464,
    "LOG__FORMAT": "auto",
    "LOG__LEVEL": "info",
    "LOG__SUBJECTS": "plain",
}
REQUIRED = {"PROVIDER__API_USER", "PROVIDER__API_KEY"}
OTHERS = {
    "AMQP__URL": "amqps://u:p@broker.example.com/vhost",
    "AMQP__TLS_CA": "/etc/ca.pem",
    "AMQP__TLS_CERT": "/etc/cert.pem",
    "AMQP__TLS_KEY": "/etc/key.pem",
    "AMQP__MANAGEMENT_URL": "https://u:p@broker.example.com:15671",
    "AMQP__PREFIX": "crm.eu-1",
    "AMQP__PREFETCH": "65535",
    "AMQP__HOLD_SECONDS": "0.5",
    "AMQP__DECLARE": "false",
    "PROVIDER__BASE_URL": "https://provider.example.com:8443/",
    "PROVIDER__V3_BASE_URL": "https://v3.provider.example.com",
    "PROVIDER__EDITION": "distributor",
    "PROVIDER__FORMAT": "xml",
    "PROVIDER__API_USER": "other",
    "PROVIDER__API_KEY": "123456",
    "PROVIDER__V3_API_KEY": "123456",
    "PROVIDER__CONNECT_TIMEOUT_SECONDS": "0.1",
    "PROVIDER__TIMEOUT_SECONDS": "30",
    "PROVIDER__SETTLE_SECONDS": "0",
    "PROVIDER__RATE_PER_MINUTE": "600",
    "PROVIDER__PROXY": "http://proxy.example.com:3128",
    "PROVIDER__CA_BUNDLE": "/etc/provider.pem",
    "ALLOW_PLAINTEXT": "true",
    "WORKER__CONCURRENCY": "1",
    "WORKER__DRAIN_SECONDS": "0",
    "RETRY__MAX_ATTEMPTS": "1",
    "RETRY__WINDOW_SECONDS": "1",
    "RETRY__BASE_SECONDS": "0",
    "RETRY__CAP_SECONDS": "2",
    "PAUSE__PROBE_SECONDS": "1",
    "LEDGER__URL": "postgresql+psycopg://u:p@db.example.com/ledger",
    "LEDGER__KEEP_DAYS": "1",
    "SECRETS__KEYS": "key-one,key-two",
    "HTTP__HOST": "::1",
    "HTTP__PORT": "0",
    "LOG__FORMAT": "json",
    "LOG__LEVEL": "debug",
    "LOG__SUBJECTS": "hashed",
}


def flat(section: BaseModel, before: str = "") -> Iterator[tuple[str, object]]:
    """Every setting with its value, secrets in clear."""
    for name, value in section:
        if isinstance(value, BaseModel):
            yield from flat(value, f"{before}{name.upper()}__")
        else:
            yield f"{before}{name.upper()}", value.get_secret_value() if isinstance(value, SecretStr) else value


def test_every_public_setting_exists_and_no_other() -> None:
    assert sorted(names()) == sorted(f"{PREFIX}{name}" for name in {*DEFAULTS, *REQUIRED})


def test_every_setting_has_its_public_default() -> None:
    found = {name: value for name, value in flat(load(Settings)) if name not in REQUIRED}

    assert found == DEFAULTS


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_the_login_has_no_default(faults: Faults, name: str) -> None:
    assert faults(**{name: None}) == [
        f"{name}: is required; export it, or {PREFIX}{name}_FILE with the path of a file that holds it"
    ]


@pytest.mark.parametrize("name", OTHERS)
def test_every_setting_can_be_set(export: Export, name: str) -> None:
    export(**{name: OTHERS[name]})

    found = dict(flat(load(Settings)))[name]
    assert found != DEFAULTS.get(name)
    assert str(found).lower() in {OTHERS[name], f"{OTHERS[name]}.0"}


def test_names_are_read_without_regard_to_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("provisioning_log__level", "debug")

    assert load(Settings).log.level == "debug"


def test_a_tool_needs_no_more_than_it_uses(export: Export) -> None:
    export(PROVIDER__API_USER=None, PROVIDER__API_KEY=None, LOG__LEVEL="loud")

    assert load(BrokerReach).amqp.prefix == "provisioning"
    assert load(LedgerReach).ledger.keep_days == 90
    assert load(SecretsReach).secrets.keys is None


def test_what_was_read_cannot_be_changed() -> None:
    settings = load(Settings)

    with pytest.raises(ValidationError, match="frozen"):
        settings.allow_plaintext = True  # type: ignore[misc]  # the fault itself
    with pytest.raises(ValidationError, match="frozen"):
        settings.amqp.prefetch = 1  # type: ignore[misc]  # the fault itself


def test_the_template_names_every_setting_its_default_and_its_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    template()
    lines = capsys.readouterr().out.splitlines()
    written = dict(line.removeprefix(f"# {PREFIX}").split("=", 1) for line in lines[1::2])

    assert list(written) == [name.removeprefix(PREFIX) for name in names()]
    assert {name for name, default in written.items() if not default} == REQUIRED | {
        name for name, default in DEFAULTS.items() if default is None
    }
    assert written["AMQP__URL"] == DEFAULTS["AMQP__URL"]
    assert all(len(line) > len("# a few words") for line in lines[::2])

"""What of the settings the rules get."""

import pytest
from pydantic import SecretStr

from worker.cli.commands.doctor import settings_facts
from worker.doctor.facts import UnknownSetting
from worker.settings import Settings
from worker.settings.model import AmqpSettings, ProviderSettings


@pytest.mark.parametrize(
    ("name", "url", "named"),
    [
        ("PROVISIONING_AMQP__URL", "amqp://ada:geheim@broker.example.com/", True),
        ("PROVISIONING_AMQP__MANAGEMENT_URL", "http://broker.example.com:15672", True),
        ("PROVISIONING_PROVIDER__BASE_URL", "http://provider.example.com", True),
        ("PROVISIONING_PROVIDER__BASE_URL", "https://provider.example.com", False),
        ("PROVISIONING_AMQP__URL", "amqp://127.0.0.1/", False),
    ],
)
def test_plaintext_is_named_even_where_it_was_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, named: bool
) -> None:
    monkeypatch.setenv("PROVISIONING_ALLOW_PLAINTEXT", "true")
    monkeypatch.setenv(name, url)

    settings = Settings(provider=ProviderSettings(api_user="acme", api_key=SecretStr("pw")))

    assert settings_facts(settings, (), {}).plain_urls == ((name,) if named else ())


def test_a_name_that_nothing_reads_is_reported_with_the_one_that_was_probably_meant() -> None:
    environment = {"PROVISIONING_AMQP__PREFECH": "geheim", "PROVISIONING_ZZZZZZZZZZZZZZZZZZZZZZZZ": "geheim"}

    assert settings_facts(None, (), environment).unknown == (
        UnknownSetting("PROVISIONING_AMQP__PREFECH", "PROVISIONING_AMQP__PREFETCH"),
        UnknownSetting("PROVISIONING_ZZZZZZZZZZZZZZZZZZZZZZZZ", None),
    )


def test_of_settings_that_cannot_be_used_the_rules_get_the_faults_and_the_models_defaults() -> None:
    facts = settings_facts(None, ("PROVISIONING_X: is wrong",), {})

    assert (facts.faults, facts.plain_urls) == (("PROVISIONING_X: is wrong",), ())
    assert facts.prefetch == AmqpSettings().prefetch


def test_of_settings_that_can_be_used_the_rules_get_what_is_set() -> None:
    settings = Settings(
        amqp=AmqpSettings(prefetch=7, hold_seconds=60, declare=False),
        provider=ProviderSettings(api_user="acme", api_key=SecretStr("pw"), timeout_seconds=3, settle_seconds=4),
    )

    facts = settings_facts(settings, (), {})

    assert (facts.prefetch, facts.hold_seconds, facts.declare) == (7, 60, False)
    assert (facts.timeout_seconds, facts.settle_seconds) == (3, 4)

"""What of the settings the rules are told."""

import os

import pytest

from worker.cli.doctor.looking import _plain_urls, _settings, _unknown
from worker.doctor.facts import UnknownSetting
from worker.settings import unknown_names


@pytest.mark.parametrize(
    ("name", "url", "told"),
    [
        ("PROVISIONING_AMQP__URL", "amqp://ada:geheim@broker.example.com/", True),
        ("PROVISIONING_AMQP__MANAGEMENT_URL", "http://broker.example.com:15672", True),
        ("PROVISIONING_PROVIDER__BASE_URL", "http://provider.example.com", True),
        ("PROVISIONING_PROVIDER__BASE_URL", "https://provider.example.com", False),
        ("PROVISIONING_AMQP__URL", "amqp://127.0.0.1/", False),
    ],
)
def test_plaintext_is_named_even_where_it_was_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, told: bool
) -> None:
    monkeypatch.setenv("PROVISIONING_ALLOW_PLAINTEXT", "true")
    monkeypatch.setenv(name, url)

    assert _plain_urls() == ((name,) if told else ())


def test_the_names_are_taken_out_of_the_warnings_that_other_commands_print() -> None:
    environment = {"PROVISIONING_AMQP__PREFECH": "geheim", "PROVISIONING_ZZZZZZZZZZZZZZZZZZZZZZZZ": "geheim"}

    assert [_unknown(warning) for warning in unknown_names(environment)] == [
        UnknownSetting("PROVISIONING_AMQP__PREFECH", "PROVISIONING_AMQP__PREFETCH"),
        UnknownSetting("PROVISIONING_ZZZZZZZZZZZZZZZZZZZZZZZZ", None),
    ]


def test_settings_that_cannot_be_used_are_told_as_faults_alone() -> None:
    facts = _settings(None, ("PROVISIONING_X: is wrong",), os.environ)

    assert (facts.faults, facts.plain_urls) == (("PROVISIONING_X: is wrong",), ())

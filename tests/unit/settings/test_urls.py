"""Passwords go nowhere in clear, and URLs are what they seem to be."""

import pytest

from tests.unit.settings.conftest import Export, Faults
from worker.settings import Settings, load
from worker.settings.model import PREFIX

LOOPBACK = ["127.0.0.1", "127.8.9.10", "localhost", "LOCALHOST", "[::1]"]
BEYOND = [
    "provider.example.com",
    "127.0.0.1.evil.com",
    "127.x.evil.com",
    "localhost.evil.com",
    "10.0.0.1",
    "169.254.169.254",
    "[2001:db8::1]",
    "127.1",
    "2130706433",
]
ORIGIN_RULE = "must be http:// or https:// with a host, and nothing but a port behind it"


def plaintext(name: str, scheme: str) -> str:
    """The fault of a URL that would show its password."""
    return (
        f"{name}: {scheme}:// to a host beyond the loopback would show passwords to the network; "
        f"use {scheme}s://, or set {PREFIX}ALLOW_PLAINTEXT=true"
    )


@pytest.mark.parametrize("host", LOOPBACK)
def test_the_loopback_needs_no_encryption(faults: Faults, host: str) -> None:
    urls = dict.fromkeys(("PROVIDER__BASE_URL", "PROVIDER__V3_BASE_URL"), f"http://{host}:8025")

    assert faults(**urls, AMQP__URL=f"amqp://u:p@{host}/", AMQP__MANAGEMENT_URL=f"http://u:p@{host}:15672") == []


@pytest.mark.parametrize("host", BEYOND)
@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("PROVIDER__BASE_URL", "http"),
        ("PROVIDER__V3_BASE_URL", "http"),
        ("AMQP__MANAGEMENT_URL", "http"),
        ("AMQP__URL", "amqp"),
    ],
)
def test_beyond_the_loopback_it_does(faults: Faults, host: str, name: str, scheme: str) -> None:
    assert faults(**{name: f"{scheme}://{host}:1234"}) == [plaintext(name, scheme)]
    assert faults(**{name: f"{scheme.upper()}://{host}"}) == [plaintext(name, scheme)]
    assert faults(**{name: f"{scheme}s://{host}:1234"}) == []


@pytest.mark.parametrize("url", ["amqp://127.0.0.1@evil.example.com/", "amqp://127.0.0.1:5672@evil.example.com"])
def test_a_user_name_is_no_host(faults: Faults, url: str) -> None:
    assert faults(AMQP__URL=url) == [plaintext("AMQP__URL", "amqp")]


@pytest.mark.parametrize("address", ["http://u:p@{}:3128", "HTTP://u@{}", "u:p@{}:3128"])
def test_a_proxys_login_needs_encryption_too(faults: Faults, address: str) -> None:
    assert faults(PROVIDER__PROXY=address.format("proxy.example.com")) == [plaintext("PROVIDER__PROXY", "http")]
    assert faults(PROVIDER__PROXY=address.format("127.0.0.1")) == []


@pytest.mark.parametrize("url", ["https://u:p@proxy.example.com:3128", "http://proxy.example.com:3128", "proxy:3128"])
def test_a_proxy_that_is_given_no_login_or_is_encrypted_is_fine(faults: Faults, url: str) -> None:
    assert faults(PROVIDER__PROXY=url) == []


@pytest.mark.parametrize("word", ["true", "1", "yes", "ON", "t"])
def test_an_operator_may_allow_it(export: Export, word: str) -> None:
    export(
        ALLOW_PLAINTEXT=word, PROVIDER__BASE_URL="http://provider.example.com", AMQP__URL="amqp://broker.example.com"
    )

    assert load(Settings).allow_plaintext is True


@pytest.mark.parametrize("word", ["false", "0", "no", "off"])
def test_or_forbid_it_in_so_many_words(faults: Faults, word: str) -> None:
    assert faults(ALLOW_PLAINTEXT=word, AMQP__URL="amqp://broker.example.com") == [plaintext("AMQP__URL", "amqp")]


@pytest.mark.parametrize("name", ["PROVIDER__BASE_URL", "PROVIDER__V3_BASE_URL"])
@pytest.mark.parametrize(
    "url",
    [
        "provider.example.com",
        "//provider.example.com",
        "ftp://provider.example.com",
        "https://",
        "https://:443",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
        "https://u:p@provider.example.com",
        "https://provider.example.com/apiv2",
        "https://provider.example.com?x=1",
        "https://provider.example.com#x",
        "http://evil.example.com\\@127.0.0.1",
        "x",
    ],
)
def test_the_providers_address_is_scheme_host_and_port(faults: Faults, name: str, url: str) -> None:
    assert faults(**{name: url}) == [f"{name}: {ORIGIN_RULE}"]
    assert faults(**{name: url, "ALLOW_PLAINTEXT": "true"}) == [f"{name}: {ORIGIN_RULE}"]


@pytest.mark.parametrize("url", ["rabbit.example.com", "amqps://rabbit.example.com", "https://", "https://a\\@b"])
def test_the_management_address_is_a_page(faults: Faults, url: str) -> None:
    assert faults(AMQP__MANAGEMENT_URL=url) == ["AMQP__MANAGEMENT_URL: must be http:// or https:// with a host"]
    assert faults(AMQP__MANAGEMENT_URL="https://u:p@rabbit.example.com/management/") == []

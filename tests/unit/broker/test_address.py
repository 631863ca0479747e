"""Where the broker is, and that its password never shows."""

from pathlib import Path

import pytest
from pika.credentials import PlainCredentials

from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.errors import SettingsInvalid

URL = "amqp://ada:s%2Fcret@broker.example:5673/orders"


def faults_of(url: str, **tls: str) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        BrokerAddress(url, **tls)
    return str(refused.value)


def test_the_password_shows_neither_in_repr_nor_in_str() -> None:
    address = BrokerAddress(URL)

    assert "cret" not in repr(address) + str(address)
    assert str(address) == "amqp://broker.example:5673/orders"


def test_a_url_becomes_parameters_with_its_escapes_undone() -> None:
    parameters = connection_parameters(BrokerAddress(URL), Role.CONSUME)

    assert (parameters.host, parameters.port, parameters.virtual_host) == ("broker.example", 5673, "orders")
    assert isinstance(parameters.credentials, PlainCredentials)
    assert (parameters.credentials.username, parameters.credentials.password) == ("ada", "s/cret")


@pytest.mark.parametrize(("path", "vhost"), [("", "/"), ("/", "/"), ("/%2F", "/"), ("/a%2Fb", "a/b")])
def test_an_empty_path_is_the_default_virtual_host(path: str, vhost: str) -> None:
    assert connection_parameters(BrokerAddress(f"amqp://h{path}"), Role.CONSUME).virtual_host == vhost


def test_each_scheme_has_its_own_port() -> None:
    assert connection_parameters(BrokerAddress("amqp://h"), Role.CONSUME).port == 5672
    assert connection_parameters(BrokerAddress("amqps://h"), Role.CONSUME).port == 5671


def test_a_connection_is_named_by_what_it_is_for() -> None:
    properties = connection_parameters(BrokerAddress(URL), Role.PUBLISH).client_properties

    assert properties is not None
    assert properties["connection_name"].startswith("provisioning-worker@")
    assert properties["connection_name"].endswith("#publish")


def test_no_connection_gives_up_on_an_alarm_however_long_it_lasts() -> None:
    assert all(connection_parameters(BrokerAddress(URL), role).blocked_connection_timeout is None for role in Role)


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("http://h", "must begin with amqp://, or amqps:// for TLS"),
        ("https://h", "must begin with amqp://, or amqps:// for TLS"),
        ("amqp://", "host"),
        ("amqp://h:0/", "port 0"),
        ("amqp://h:70000/", "host and port"),
        ("amqp://user@h/", "password"),
        ("amqp://h/a/b", "%2F"),
        ("amqp://h/?heartbeat=3", "parameters"),
        ("amqp://h/#x", "%23"),
        ("amqp://[::1/", "host and port"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_by_name(url: str, named: str) -> None:
    assert named in faults_of(url)
    assert faults_of(url).startswith("PROVISIONING_AMQP__URL: ")


@pytest.mark.parametrize("password", ["geheim:/x", "geh#eim", "geheim?x", "geheim/x", "ge@heim:x/y"])
def test_an_unescaped_password_is_never_quoted_back(password: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        connection_parameters(BrokerAddress(f"amqp://ada:{password}@h/"), Role.CONSUME)

    assert "heim" not in str(refused.value)


def test_tls_files_need_a_tls_url_and_must_be_readable(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")

    assert "amqps://" in faults_of("amqp://h", tls_ca=str(authority))
    assert "AMQP__TLS_CA" in faults_of("amqps://h", tls_ca=str(tmp_path / "absent.pem"))
    assert "AMQP__TLS_CERT" in faults_of("amqps://h", tls_key=str(authority))


def test_a_tls_file_without_a_certificate_is_a_setting_that_cannot_be_used(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")

    with pytest.raises(SettingsInvalid, match="AMQP__TLS"):
        connection_parameters(BrokerAddress("amqps://h", tls_ca=str(authority)), Role.CONSUME)

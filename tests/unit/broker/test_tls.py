"""The files that TLS needs: each fault is named by its setting, and nobody is ever asked for a password."""

import ssl
from pathlib import Path

import pytest

from tests.support.certificates import UNIDENTIFIED, Authority, Identity, strict_refusal
from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.broker.tls import words, words_in
from worker.errors import SettingsInvalid


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def client(authority: Authority) -> Identity:
    return authority.issue_to_client("worker")


def fault_of(authority: Path, certificate: Path | None = None, key: Path | None = None) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        BrokerAddress("amqps://h", *(str(path) if path else None for path in (authority, certificate, key)))
    (fault,) = refused.value.faults
    return fault


def test_nothing_older_than_tls_1_2_is_spoken_and_the_host_is_checked(authority: Authority, client: Identity) -> None:
    address = BrokerAddress("amqps://h", str(authority.path), str(client.certificate), str(client.key))

    options = connection_parameters(address, Role.CONSUME).ssl_options

    assert options is not None
    assert options.context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (options.context.verify_mode, options.context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert options.server_hostname == "h"


def test_what_is_not_there_is_named(authority: Authority, client: Identity, tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"

    assert fault_of(absent) == f"PROVISIONING_AMQP__TLS_CA: {absent} cannot be read"
    assert fault_of(authority.path, absent) == f"PROVISIONING_AMQP__TLS_CERT: {absent} cannot be read"
    assert (
        fault_of(authority.path, client.certificate, absent) == f"PROVISIONING_AMQP__TLS_KEY: {absent} cannot be read"
    )


def test_what_holds_something_else_is_named(authority: Authority, client: Identity, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text("something else")

    assert fault_of(other) == f"PROVISIONING_AMQP__TLS_CA: {other} holds no certificate in PEM"
    assert "TLS_CERT: " in fault_of(authority.path, other, client.key)
    assert "TLS_KEY: " in fault_of(authority.path, client.certificate, other)
    assert "TLS_KEY: " in fault_of(authority.path, client.certificate)


def test_a_key_of_another_certificate_is_named(authority: Authority, client: Identity) -> None:
    other = authority.issue().key

    assert fault_of(authority.path, client.certificate, other) == (
        f"PROVISIONING_AMQP__TLS_KEY: {other} is not the key of the certificate in PROVISIONING_AMQP__TLS_CERT"
    )


def test_a_key_under_a_password_is_refused_and_nobody_is_asked(authority: Authority, client: Identity) -> None:
    locked = authority.with_encrypted_key(client, "geheim").key

    assert "under a password" in fault_of(authority.path, client.certificate, locked)


def test_a_certificate_that_only_python_3_13_refuses_is_named_with_the_line_that_signs_it_again(
    authority: Authority,
) -> None:
    reason = words(strict_refusal(authority, authority.issue(UNIDENTIFIED)))

    assert "the broker's certificate has no Authority Key Identifier, which Python 3.13 and newer demand" in reason
    assert "openssl x509 -req" in reason
    assert "docs/security.md" in reason


def test_an_authority_that_only_python_3_13_refuses_is_named(tmp_path: Path) -> None:
    older = Authority(tmp_path, says_what_it_signs=False)

    assert "or its issuer's breaks a rule that Python 3.13" in words(strict_refusal(older, older.issue()))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SSLError(1, '[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] x')", "demands a client certificate"),
        ("SSLError(1, '[SSL: SSLV3_ALERT_HANDSHAKE_FAILURE] x')", "PROVISIONING_AMQP__TLS_CERT"),
        ("SSLError(1, '[SSL: TLSV1_ALERT_UNKNOWN_CA] x')", "does not trust whoever signed"),
        ("SSLError(1, '[SSL: TLSV1_ALERT_PROTOCOL_VERSION] x')", "1.2 or newer"),
        ("SSLEOFError(8, 'EOF occurred in violation of protocol')", "demand a client certificate"),
    ],
)
def test_what_the_broker_says_in_the_handshake_is_reported_in_words(text: str, sentence: str) -> None:
    assert sentence in str(words_in(text))


def test_what_is_no_failure_of_tls_is_not_called_one() -> None:
    assert words_in("ConnectionResetError(104, 'Connection reset by peer')") is None

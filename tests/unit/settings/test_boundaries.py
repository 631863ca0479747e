"""Whatever a setting's description admits is taken; what cannot work is refused by the setting's name."""

import os
from collections.abc import Callable

import pytest
from pika.credentials import PlainCredentials

from tests.unit.settings.conftest import Export
from worker.broker.address import Role
from worker.broker.connection.parameters import connection_parameters
from worker.cli.reading import read_settings
from worker.errors import SettingsInvalid
from worker.from_settings import broker_address, configured_keys
from worker.ledger.stores.url import name_of, parse
from worker.settings import Settings, load
from worker.settings.model import PREFIX

KEY = f"{'boundary':A<43}="
OTHER_KEY = f"{'another':A<43}="
YEAR = "31536000"
GOOD = {
    "AMQP__URL": (
        "amqp://[::1]:5672/",
        "amqp://u:p@[::1]/",
        "AMQPS://broker.example.com",
        "amqps://u:@broker.example.com/%2F",
        "amqps://u:p%40%2F%3A%3F%23@bücher.example.com/a%2Fb%40c",
        "amqps://u:100%@broker_1.example.com:65535",
        "amqps://u:pa@ss@broker.example.com",
        "amqps://u:pass phrase@broker.example.com/",
        "amqps://u:p@broker.example.com/my host",
        "amqps://u:p@broker.example.com/v?",
        "amqps://u:p@broker.example.com/v#",
    ),
    "AMQP__MANAGEMENT_URL": (
        "http://[::1]:15672",
        "https://u:p%40@broker.example.com/management/",
        "https://u:pass phrase@broker.example.com/",
        "HTTPS://h:1",
        "https://h/?",
        "https://h/#",
    ),
    "AMQP__PREFIX": ("a", "x" * 100, "crm.eu-1_2"),
    "AMQP__PREFETCH": ("1", "65535", "+7", " 7 "),
    "AMQP__HOLD_SECONDS": ("0.001", "1e3", YEAR),
    "AMQP__DECLARE": ("true", "FALSE", "0", "1", "no", "Yes", "off", "ON", "t", "f"),
    "PROVIDER__BASE_URL": ("http://[::1]:8025", "https://[2001:db8::1]", "https://h/", "https://127.0.0.1:65535"),
    "PROVIDER__V3_BASE_URL": ("http://[::1]", "https://h"),
    "PROVIDER__API_USER": ("a", "ü ser", "x" * 300),
    "PROVIDER__API_KEY": ("a", " p w ", "pä\tss", "%41"),
    "PROVIDER__V3_API_KEY": ("a", "SG.a b"),
    "PROVIDER__CONNECT_TIMEOUT_SECONDS": ("0.001", YEAR),
    "PROVIDER__TIMEOUT_SECONDS": ("0.001", YEAR),
    "PROVIDER__SETTLE_SECONDS": ("0", "-0", YEAR),
    "PROVIDER__RATE_PER_MINUTE": ("0", "1", "1000000", "1000000000"),
    "PROVIDER__PROXY": (
        "proxy:3128",
        "proxy",
        "http://[::1]:3128/",
        "http://u:p%40@127.0.0.1:3128",
        "https://u:pa@ss@proxy.example.com",
        "[::1]:3128",
        "http://u:pass phrase@127.0.0.1:3128",
        "http://127.0.0.1:3128/path",
        "http://127.0.0.1:3128/?",
    ),
    "WORKER__CONCURRENCY": ("1", "1024"),
    "WORKER__DRAIN_SECONDS": ("0", YEAR),
    "RETRY__MAX_ATTEMPTS": ("1", "1000000", "2147483647"),
    "RETRY__WINDOW_SECONDS": ("0.001", YEAR, "1e9"),
    "RETRY__BASE_SECONDS": ("0", YEAR),
    "RETRY__CAP_SECONDS": ("0.001", YEAR),
    "PAUSE__PROBE_SECONDS": ("0.001", YEAR),
    "LEDGER__URL": (
        "sqlite:////srv/my files/ledger@home.db",
        "postgresql+psycopg://u@/ledger?host=/run/postgresql",
        "postgresql+psycopg://u:p%40%2F@[::1]:5432/ledger?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://u:p@a.example.com,b.example.com/ledger?target_session_attrs=read-write",
        "postgresql+psycopg:///ledger?user=u@corp&password=p@ss&host=h",
        "postgresql://u:p@h/ledger?options=-csearch_path%3Dworker",
        "postgresql://u:p@h/ledger?connect_timeout=1&application_name=w",
        "postgresql://u:p@h/ledger?application_name=w@host&sslrootcert=/etc/ca@home.pem",
        f"postgresql://u:p@{'x' * 40},{'y' * 40}/ledger",
    ),
    "LEDGER__KEEP_DAYS": ("1", "3650", "36500"),
    "SECRETS__KEYS": (KEY, f"{'+/' * 21}8=", f"{KEY},{OTHER_KEY}", f" {KEY} , {OTHER_KEY}, "),
    "HTTP__HOST": ("::", "::1", "0.0.0.0", "127.0.0.1", "localhost", "fe80::1%eth0"),  # noqa: S104 - nothing listens
    "HTTP__PORT": ("0", "65535"),
    "ALLOW_PLAINTEXT": ("true", "FALSE", "0", "on"),
    "PROVIDER__EDITION": ("reseller", "distributor"),
    "PROVIDER__FORMAT": ("json", "xml"),
    "LOG__FORMAT": ("auto", "json", "text"),
    "LOG__LEVEL": ("debug", "error"),
    "LOG__SUBJECTS": ("plain", "hashed"),
}
TIMES = [name for name in GOOD if name.endswith("_SECONDS") and name != "RETRY__WINDOW_SECONDS"]
NUMBERS = ["AMQP__PREFETCH", "PROVIDER__RATE_PER_MINUTE", "WORKER__CONCURRENCY", "RETRY__MAX_ATTEMPTS"]
NUMBERS += ["LEDGER__KEEP_DAYS", "HTTP__PORT"]
#: What stands in a URL only when it was not escaped or came with something else from a file.
MISPLACED = ("{}\n", "{} ", " {}", "{}\u200b", "{}\x00")
BAD = {
    "AMQP__URL": (
        "amqp://127.0.0.1:0",
        "amqp://127.0.0.1:65536",
        "amqp://a..b/",
        f"amqps://{'x' * 64}.example.com",
        "amqp://u:p@127.0.0.1/v@host",
        "amqp://u:p@127.0.0.1/?heartbeat=5",
        "amqp://u:p@127.0.0.1/#x",
        "amqp://u:p@127 0.0.1/",
        "amqp://u:p\tw@127.0.0.1/",
        "amqp://[::1/",
        "amqp://::1:5672/",
        *MISPLACED,
    ),
    "AMQP__MANAGEMENT_URL": (
        "http://h:0",
        "https://a..b",
        "https://h/x@y",
        "https://h/?x=1",
        "https://h#x",
        *MISPLACED,
    ),
    "PROVIDER__BASE_URL": ("https://h:0", "https://a..b", "https://h?", "https://h#", "https://h//", *MISPLACED),
    "PROVIDER__V3_BASE_URL": ("https://h:0", "https://a..b", "https://h?", *MISPLACED),
    "PROVIDER__PROXY": (
        "socks5://127.0.0.1:1080",
        "ftp://127.0.0.1",
        "http://",
        ":3128",
        "proxy:port",
        "http://[::1",
        "http://u:12/x@127.0.0.1:3128",
        "http://u:p@127.0.0.1:3128/w@ss",
        "http://127.0.0.1:3128?x=1",
        "http://127.0.0.1:0",
        "http://127 0.0.1:3128",
        *MISPLACED,
    ),
    "LEDGER__URL": (
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://srv/ledger.db",
        "mysql://u:p@h/ledger",
        "postgresql://u:p@ss@h/ledger",
        "postgresql://u:p@a?b@h/ledger",
        "postgresql://u:p@a/b@h/ledger",
        "postgresql://u:p@a,b..c/ledger",
        "postgresql://u:p@h:0/ledger",
        "postgresql://u:p@h:65536/ledger",
        "postgresql://u:p@h:port/ledger",
        "postgresql://u:p@a..b/ledger",
        "postgresql://u:p@h/ledger?colour=blue",
        "postgresql://u:p@h/ledger?sslmode=yes",
        "postgresql://u:p@h/ledger?autocommit=1",
        "sqlite:////srv/ledger.db?mode=ro",
        *MISPLACED,
    ),
    "SECRETS__KEYS": (",", " , ", f"{KEY},short", KEY[:-2], f"{KEY}\n{OTHER_KEY}"),
    "HTTP__HOST": ("[::1]", "0.0.0.0:80", "a..b", "a b", "http://127.0.0.1", " ", "127.0.0.1\n"),
    "AMQP__PREFIX": (" ", "a b", "a\n", "x" * 101, "a/b"),
    "AMQP__DECLARE": ("2", "maybe", "true\n", "ja"),
    "ALLOW_PLAINTEXT": ("2", "maybe"),
    "AMQP__TLS_CA": ("-----BEGIN CERTIFICATE-----", "a\nb", "a\x00b", "/nowhere/ca.pem", "/"),
    "PROVIDER__CA_BUNDLE": ("-----BEGIN CERTIFICATE-----", "a\nb", "a\x00b", "/nowhere/ca.pem", "/"),
    "RETRY__WINDOW_SECONDS": ("nan", "inf", "1e400", "-1", "0", "soon"),
    **dict.fromkeys(TIMES, ("nan", "inf", "-inf", "1e400", "-1", "31536001", "1e300", "soon", "1,5")),
    **dict.fromkeys(NUMBERS, ("-1", "1.5", "nan", "9" * 30, "9" * 5000, "many", "0x10")),
}
WHOLE = {name: GOOD[name][0] for name in BAD if name in GOOD}


def refused(export: Export, name: str, value: str) -> list[str]:
    """Set this, by a file if it can be no variable, and check as `config check` does; returns the faults."""
    if "TLS" in name:
        export(AMQP__URL="amqps://127.0.0.1")
    export(**{name: value})
    try:
        read_settings()
    except SettingsInvalid as exc:
        return list(exc.faults)
    return []


@pytest.fixture
def filed(secret_file: Callable[[bytes], str], export: Export) -> Export:
    """Set settings by files where a variable cannot hold the value."""

    def exported(**settings: str | None) -> None:
        for name, value in settings.items():
            if value is not None and "\x00" in value:
                export(**{name: None, f"{name}_FILE": secret_file(value.encode())})
            else:
                export(**{name: value})

    return exported


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in GOOD.items() for value in values])
def test_what_a_setting_admits_is_taken(export: Export, name: str, value: str) -> None:
    assert refused(export, name, value) == []


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_what_cannot_work_is_refused_by_name(filed: Export, name: str, value: str) -> None:
    faults = refused(filed, name, value.format(WHOLE[name]) if value in MISPLACED else value)

    assert faults
    assert [fault for fault in faults if name not in fault] == []


@pytest.mark.parametrize("name", GOOD)
def test_what_is_no_text_is_refused_by_name(export: Export, name: str) -> None:
    faults = refused(export, name, os.fsdecode(b"\xff\xfe"))

    assert [fault for fault in faults if name in fault]


def test_every_setting_has_its_boundaries_here() -> None:
    rest = {"AMQP__TLS_CERT", "AMQP__TLS_KEY"}
    sections = Settings.model_fields.items()
    names = [
        f"{section.upper()}__{name.upper()}"
        for section, field in sections
        for name in getattr(field.annotation, "model_fields", {})
    ]
    assert {*names, "ALLOW_PLAINTEXT"} - {*GOOD, *BAD} == rest


def test_a_url_of_the_newer_addresses_is_used_and_reported_with_its_brackets(export: Export) -> None:
    export(AMQP__URL="amqp://u:p@[::1]:5673/v", LEDGER__URL="postgresql://u:p@[::1]:5432/l")

    address = broker_address(load(Settings))
    assert connection_parameters(address, Role.ERRAND).host == "::1"
    assert str(address) == "amqp://[::1]:5673/v"
    assert name_of("postgresql://u:p@[::1]:5432/l") == "postgresql://u:***@[::1]:5432/l"


@pytest.mark.parametrize(
    ("login", "password"), [("u:", ""), ("u:p%40%2F", "p@/"), ("u:a@b", "a@b"), ("u:100%", "100%"), ("u:a b", "a b")]
)
def test_a_brokers_password_is_what_was_set(export: Export, login: str, password: str) -> None:
    export(AMQP__URL=f"amqp://{login}@127.0.0.1/")

    credentials = connection_parameters(broker_address(load(Settings)), Role.ERRAND).credentials
    assert isinstance(credentials, PlainCredentials)
    assert (credentials.username, credentials.password) == ("u", password)


def test_a_ledgers_password_is_what_was_set() -> None:
    assert parse("postgresql://u:p%40%2F%3A@h/l").password == "p@/:"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n", ""])
def test_keys_in_a_file_of_any_editor_are_the_same(
    export: Export, secret_file: Callable[[bytes], str], mark: str, ending: str
) -> None:
    export(SECRETS__KEYS_FILE=secret_file(f"{mark}{KEY}, {OTHER_KEY}{ending}".encode()))

    assert configured_keys(read_settings()) == (KEY, OTHER_KEY)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_than_utf_8_is_refused_by_name(
    export: Export, secret_file: Callable[[bytes], str], encoding: str
) -> None:
    export(PROVIDER__API_KEY=None, PROVIDER__API_KEY_FILE=secret_file("geheim\r\n".encode(encoding)))

    with pytest.raises(SettingsInvalid) as refusal:
        load(Settings)
    assert refusal.value.faults == (f"{PREFIX}PROVIDER__API_KEY_FILE: the file it names is no text in UTF-8",)

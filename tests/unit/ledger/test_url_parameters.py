"""What stands in a ledger's URL is used, joined with ours, or refused by its name."""

import pytest
from sqlalchemy import event

from worker.errors import LedgerRefused
from worker.ledger.stores.opening import open_reading, open_store
from worker.ledger.stores.url import parse

POSTGRES = "postgresql+psycopg://ledger:hunter2@db/ledger"


def sent_by(url: str) -> dict[str, object]:
    """What the driver would be called with."""
    engine = open_store(url).engine
    sent: dict[str, object] = {}

    def instead(_dialect: object, _record: object, _arguments: object, parameters: dict[str, object]) -> object:
        sent.update(parameters)
        raise ConnectionRefusedError

    event.listen(engine, "do_connect", instead)
    with pytest.raises(ConnectionRefusedError):
        engine.connect()
    return sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("application_name", "billing-a"),
        ("connect_timeout", "7"),
        ("keepalives", "0"),
        ("keepalives_idle", "60"),
        ("keepalives_interval", "5"),
        ("keepalives_count", "9"),
        ("tcp_user_timeout", "1"),
        ("options", "-c search_path=ledger"),
        ("target_session_attrs", "primary"),
        ("service", "ledger"),
        ("sslmode", "verify-full"),
        ("sslrootcert", "/etc/ssl/a b.pem"),
        ("passfile", "/run/pass"),
    ],
)
def test_what_the_url_says_is_what_the_server_is_asked_with(name: str, value: str) -> None:
    assert sent_by(f"{POSTGRES}?{name}={value}")[name] == value


def test_what_it_leaves_open_is_ours_to_say() -> None:
    sent = sent_by(f"{POSTGRES}?keepalives_idle=60")

    assert (sent["application_name"], sent["connect_timeout"], sent["keepalives_count"]) == (
        "provisioning-worker",
        3,
        3,
    )
    assert "options" not in sent
    assert "target_session_attrs" not in sent


def test_nothing_is_prepared_at_first_and_text_is_always_utf8() -> None:
    sent = sent_by(f"{POSTGRES}?client_encoding=UTF-8")

    assert (sent["prepare_threshold"], sent["client_encoding"]) == (None, "utf8")


def test_of_several_servers_the_one_that_can_be_written_to_is_asked_for() -> None:
    several = "postgresql+psycopg://ledger@/ledger?host=a:5432&host=b:5433"

    assert sent_by(several)["target_session_attrs"] == "read-write"
    assert sent_by(several)["host"] == "a,b"
    assert sent_by(f"{several}&target_session_attrs=primary")["target_session_attrs"] == "primary"
    assert sent_by("postgresql+psycopg://ledger@a,b/ledger")["target_session_attrs"] == "read-write"


def test_who_only_looks_may_ask_any_of_them() -> None:
    assert open_reading("postgresql+psycopg://ledger@a,b/ledger").name.startswith("postgresql+psycopg://ledger@a,b")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("client_encoding=latin1", "client_encoding"),
        ("target_session_attrs=standby", "target_session_attrs"),
        ("target_session_attrs=read-only", "target_session_attrs"),
        ("prepare_threshold=5", "prepare_threshold"),
        ("autocommit=true", "autocommit"),
        ("replication=database", "replication"),
        ("host=other", "host"),
        ("user=other", "user"),
        ("password=hunter3", "password"),
        ("dbname=other", "dbname"),
        ("application_name=a&application_name=b", "application_name"),
        ("options=-c statement_timeout=1h", "statement_timeout"),
        ("options=-csynchronous_commit=off", "synchronous_commit"),
        ("options=--lock-timeout=1 -c a.b=c", "lock_timeout"),
        ("options=-c idle_in_transaction_session_timeout=0", "idle_in_transaction_session_timeout"),
        ("options=-c Default_Transaction_Isolation=serializable", "default_transaction_isolation"),
        ("options=-c%20client_encoding%3DLATIN1", "client_encoding"),
    ],
)
def test_what_would_be_without_effect_is_refused_by_its_name(query: str, named: str) -> None:
    with pytest.raises(LedgerRefused, match=rf"PROVISIONING_LEDGER__URL would not be .*\b{named}\b") as caught:
        parse(f"{POSTGRES}?{query}")
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/ledger.db?mode=ro",
        "sqlite:////srv/ledger.db?timeout=5",
        "sqlite:////srv/ledger.db?uri=true",
        "sqlite:////srv/ledger.db?password=hunter2",
    ],
)
def test_a_file_takes_no_parameters(url: str) -> None:
    name = url.partition("?")[2].partition("=")[0]
    with pytest.raises(LedgerRefused, match=rf"takes no parameters, and {name} is one") as caught:
        parse(url)
    assert "hunter2" not in str(caught.value)


def test_every_fault_of_a_url_is_named_at_once() -> None:
    with pytest.raises(LedgerRefused, match=r"autocommit.*; client_encoding"):
        parse(f"{POSTGRES}?autocommit=1&client_encoding=latin1")


def test_a_file_has_no_host() -> None:
    with pytest.raises(LedgerRefused, match="names no plain file"):
        parse("sqlite://srv/ledger.db")


@pytest.mark.parametrize("driver", ["postgresql+asyncpg", "postgresql+pg8000", "sqlite+pysqlcipher"])
def test_a_driver_that_would_not_be_used_is_refused(driver: str) -> None:
    with pytest.raises(LedgerRefused, match=r"write (postgresql\+psycopg|sqlite\+pysqlite)://"):
        parse(f"{driver}:///ledger")


def test_several_servers_in_another_spelling_are_shown_the_right_one() -> None:
    with pytest.raises(LedgerRefused, match="host=one:5432&host=two:5432"):
        parse("postgresql://ledger@one:5432,two:5432/ledger")


def test_what_is_percent_encoded_is_decoded_where_it_may_hold_anything() -> None:
    sent = sent_by("postgresql+psycopg://a%40b:p%2Fw%25@db/ledger?application_name=a%26b")

    assert (sent["user"], sent["password"], sent["application_name"]) == ("a@b", "p/w%", "a&b")

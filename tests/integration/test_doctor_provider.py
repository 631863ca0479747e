"""Faults planted in a real provider, and in the management API, are found in bounded time and without a secret."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.operations.registry import Effect
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig
from tests.support.certificates import Authority
from tests.support.doctoring import DEFAULTS
from tests.support.raw_http import answer, raw_server, resets, sends_and_closes
from tests.support.waiting import PATIENCE_SECONDS
from worker.broker.diagnose.management_api import ManagementApi, ManagementLogin, ManagementRefused
from worker.doctor import Rule, diagnose
from worker.doctor.facts import Facts, LoginStatus, ProviderFacts
from worker.errors import BrokerError, BrokerUnreachable
from worker.provider.checkup import look_at_provider
from worker.provider.config import Login, ProviderConfig

LOGIN = ManagementLogin("watcher", "geheim")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as sandbox:
        yield sandbox


def look(url: str, login: Login) -> ProviderFacts:
    return look_at_provider(ProviderConfig(url, login, timeout_seconds=30.0))


def rules(facts: ProviderFacts) -> set[Rule]:
    return {each.rule for each in diagnose(Facts(DEFAULTS, provider=facts)).findings}


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login("acme", "pw", "SG.acme"), set()),
        (Login("acme", "wrong-1", "SG.acme"), {Rule.PROVIDER_LOGIN}),
        (Login("acme", "pw", "SG.wrong-2"), {Rule.PROVIDER_V3_KEY}),
        (Login("nobody", "wrong-1", "SG.wrong-2"), {Rule.PROVIDER_LOGIN, Rule.PROVIDER_V3_KEY}),
    ],
)
def test_each_login_that_is_refused_is_reported(sandbox: RemoteSandbox, login: Login, expected: set[Rule]) -> None:
    facts = look(sandbox.url, login)

    assert rules(facts) == expected
    assert not any(secret in str(facts) for secret in ("wrong-1", "wrong-2", "SG.acme"))


def test_looking_changes_nothing_at_the_provider(sandbox: RemoteSandbox) -> None:
    before = len(sandbox.journal())

    look(sandbox.url, Login("acme", "pw", "SG.acme"))

    asked = sandbox.journal()[before:]
    assert asked
    assert [entry for entry in asked if entry.effect is Effect.CHANGED] == []


def test_a_provider_that_is_away_is_reported() -> None:
    assert rules(look("http://127.0.0.1:1", Login("acme", "pw"))) == {Rule.PROVIDER_REACHED}


def test_an_answer_that_is_none_leaves_the_login_unknown() -> None:
    with raw_server(*[sends_and_closes(answer(b"<html>", "502 Bad Gateway"))] * 3) as server:
        assert look(server.url, Login("acme", "pw")).v2 is LoginStatus.UNCLEAR


def test_the_management_api_is_asked_with_the_login_and_the_path_of_its_url() -> None:
    with raw_server(sends_and_closes(answer(b'{"name": "watcher"}'))) as server:
        api = ManagementApi(f"{server.url}/rabbit/", LOGIN)
        assert api.get("queues", "/", "p.commands.00") == {"name": "watcher"}

    request = server.requests[0].decode()
    assert request.startswith("GET /rabbit/api/queues/%2F/p.commands.00 HTTP/1.1")
    assert "Authorization: Basic d2F0Y2hlcjpnZWhlaW0=" in request


def test_a_login_in_the_url_is_used_and_never_shown() -> None:
    with raw_server(sends_and_closes(answer(b"{}", "401 Unauthorized"))) as server:
        api = ManagementApi(server.url.replace("http://", "http://ada:p%40ss@"), LOGIN)
        with pytest.raises(ManagementRefused) as raised:
            api.get("whoami")

    assert "Authorization: Basic YWRhOnBAc3M=" in server.requests[0].decode()
    assert "ada" in str(raised.value)
    assert not any(secret in f"{raised.value} {api.url} {LOGIN!r}" for secret in ("p@ss", "p%40ss", "geheim"))


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(sends_and_closes(answer(b"<html>hello")), id="no JSON"),
        pytest.param(sends_and_closes(answer(b"", "302 Found", "Location: http://127.0.0.1:1/")), id="redirect"),
        pytest.param(sends_and_closes(answer(b"[" + b"0," * 3_000_000 + b"0]")), id="endless"),
        pytest.param(sends_and_closes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}"), id="half an answer"),
        pytest.param(sends_and_closes(b"SSH-2.0-OpenSSH\r\n"), id="no HTTP"),
        pytest.param(resets, id="reset"),
    ],
)
def test_a_management_api_that_misbehaves_is_a_fault_of_ours(script: object) -> None:
    with raw_server(script) as server, pytest.raises(BrokerError) as raised:  # type: ignore[arg-type]  # each is a script
        ManagementApi(server.url, LOGIN).get("whoami")

    assert "geheim" not in str(raised.value)
    assert len(server.requests) == 1


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_management_api_that_drips_is_given_up(head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.broker.diagnose.management_api._SECONDS", 0.6)
    with raw_server() as server:
        server.will(server.drips(head, b"x", every_seconds=0.2))
        with pytest.raises(BrokerUnreachable, match="no whole answer within"):
            ManagementApi(server.url, LOGIN).get("whoami")


def test_over_tls_only_the_server_that_the_bundle_knows_is_given_the_password(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    identity = authority.issue()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    with raw_server(sends_and_closes(answer(b"{}")), tls=context) as server:
        assert ManagementApi(server.url, LOGIN, str(authority.path)).get("whoami") == {}
        with pytest.raises(BrokerUnreachable, match="TLS failed"):
            ManagementApi(server.url, LOGIN).get("whoami")
        assert len(server.requests) == 1


def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server() as proxy, raw_server(sends_and_closes(answer(b"{}"))) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert ManagementApi(server.url, LOGIN).get("whoami") == {}

    assert proxy.requests == []

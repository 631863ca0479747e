"""The provider's client over real sockets: what goes over the wire, and how few connections it takes."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.fakes.telemetry import RecordingTelemetry
from tests.support.raw_http import LONG, RawServer, answer, raw_server, sends
from tests.support.work_samples import PASSWORD, create_command, disable_command, rotate_command
from worker.domain.telemetry import ProviderCalled
from worker.errors import ProviderError
from worker.provider.client import ProviderClient
from worker.provider.config import CallResult, Login, ProviderConfig

KEY = "pw"
PROXY_VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture
def server() -> Iterator[RawServer]:
    with raw_server() as server:
        yield server


def client_of(url: str, proxy: str | None = None, timeout_seconds: float = 10.0) -> ProviderClient:
    config = ProviderConfig(url, Login("acme", KEY), proxy=proxy, timeout_seconds=timeout_seconds)
    return ProviderClient(config, lambda: True, lambda *_: None)


def test_one_connection_serves_call_after_call(server: RawServer) -> None:
    client = client_of(server.url)
    for _ in range(20):
        client.apply(disable_command())

    assert (server.connections, len(server.requests)) == (1, 20)


def test_an_error_costs_no_connection(server: RawServer) -> None:
    refused = answer(b'{"message":"error","errors":["no"]}', "400 Bad Request")
    server.will(*[sends(refused)] * 5, *[sends(answer(b"<html>", "503 Busy"))] * 5)
    client = client_of(server.url)

    for _ in range(10):
        with pytest.raises(ProviderError):
            client.apply(disable_command())

    assert server.connections == 1


def test_the_connections_of_all_threads_and_of_both_probes_are_kept(server: RawServer) -> None:
    config = ProviderConfig(server.url, Login("acme", KEY), concurrency=4, timeout_seconds=LONG)
    client = ProviderClient(config, lambda: True, lambda *_: None)
    threads = config.concurrency + len(client.probes())
    all_there = Barrier(threads)

    def answers_once_all_are_there(connection: socket.socket) -> bool:
        all_there.wait(LONG)
        connection.sendall(answer())
        return True

    server.will(*[answers_once_all_are_there] * 3 * threads)
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(3):
            list(pool.map(lambda _: client.apply(disable_command()), range(threads)))

    assert (server.connections, len(server.requests)) == (threads, 3 * threads)


def test_everything_secret_travels_in_the_body(server: RawServer) -> None:
    client = client_of(server.url)
    client.apply(create_command())
    client.apply(rotate_command())

    for request in server.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /apiv2/reseller.")
        assert b"?" not in head.splitlines()[0]
        assert b"Authorization" not in head
        assert PASSWORD.encode() not in head
        assert PASSWORD.encode() in body


def test_a_form_that_the_network_does_not_take_at_once_arrives_whole(server: RawServer) -> None:
    server.reads_slowly = True
    long = create_command().model_copy(update={"ip_group": ("é" * 255,) * 10_000})

    client_of(server.url).apply(long)

    [request] = server.requests
    assert request.count(b"ip_group%5B%5D=") == 10_000
    assert len(request) > 10_000 * 255 * len("%C3%A9")


def test_no_cookie_is_kept(server: RawServer) -> None:
    server.will(sends(answer(b'{"message":"success"}', "200 OK", "Set-Cookie: sendgrid_frontend=abc; path=/")))
    client = client_of(server.url)

    client.apply(disable_command())
    client.apply(disable_command())

    assert b"ookie" not in server.requests[1]


def test_the_environment_s_proxies_are_not_consulted(server: RawServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server() as proxy:
        for name in PROXY_VARIABLES:
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        client_of(server.url).apply(disable_command())

        assert (proxy.connections, len(server.requests)) == (0, 1)


def test_the_environment_s_logins_and_certificates_are_not_consulted(
    server: RawServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password str4nger\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))

    client_of(server.url).apply(disable_command())

    assert b"uthorization" not in server.requests[0]


def test_the_proxy_that_is_configured_is_used(server: RawServer) -> None:
    client_of("http://provider.invalid", proxy=server.url).apply(disable_command())

    assert server.requests[0].startswith(b"POST http://provider.invalid/apiv2/reseller.manage.json ")


def test_an_idle_connection_is_closed_with_the_client(server: RawServer) -> None:
    client = client_of(server.url)
    client.apply(disable_command())

    client.close()
    client.apply(disable_command())

    assert server.connections == 2


def test_every_call_is_observed_from_whichever_thread(server: RawServer) -> None:
    observer = RecordingTelemetry()
    client = ProviderClient(ProviderConfig(server.url, Login("acme", KEY)), lambda: True, observer)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.apply(disable_command()), range(20)))
    client.close()

    calls = observer.of(ProviderCalled)
    assert [(each.operation, each.result) for each in calls] == [("disable", CallResult.SUCCESS)] * 20
    assert all(each.seconds > 0 for each in calls)

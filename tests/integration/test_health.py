"""Health and metrics over real sockets: whoever asks is answered, whatever others do with their connections."""

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import requests
from prometheus_client import CollectorRegistry, Counter

from tests.support.waiting import wait_for
from worker.telemetry import serving
from worker.telemetry.health import HealthServer, Questions, State


class Answers:
    """What the server is asked for."""

    def __init__(self) -> None:
        self.live = State(True, {"live": True})
        self.ready = State(False, {"ready": False, "state": "waiting for the broker"})


@contextmanager
def serving_at(host: str, questions: Questions, registry: CollectorRegistry | None = None) -> Iterator[HealthServer]:
    """Have a server there that answers these."""
    server = HealthServer(host, 0, registry or CollectorRegistry(), questions)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def server(answers: Answers) -> Iterator[HealthServer]:
    registry = CollectorRegistry()
    Counter("demo", "A counter", registry=registry).inc()
    with serving_at("127.0.0.1", Questions(lambda: answers.live, lambda: answers.ready), registry) as server:
        yield server
    assert not server.alive


@pytest.fixture
def url(server: HealthServer) -> str:
    return f"http://127.0.0.1:{server.port}"


def connected(server: HealthServer) -> socket.socket:
    """Open a connection, and say nothing yet."""
    return socket.create_connection(("127.0.0.1", server.port), 10)


def listens_at(host: str) -> bool:
    """Whether this system lets anybody listen there."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as line:
            line.bind((host, 0))
    except OSError:
        return False
    return True


def spoken(server: HealthServer, request: bytes) -> bytes:
    """Send these bytes, and read until the server hangs up."""
    with connected(server) as line, line.makefile("rb") as answer:
        line.sendall(request)
        return answer.read()


def test_liveness_and_readiness_are_two_questions(url: str) -> None:
    assert requests.get(f"{url}/livez", timeout=60).status_code == 200
    answer = requests.get(f"{url}/readyz", timeout=60)

    assert answer.status_code == 503
    assert json.loads(answer.text)["state"] == "waiting for the broker"


def test_metrics_are_plain_by_default_and_openmetrics_when_asked_for(url: str) -> None:
    plain = requests.get(f"{url}/metrics", timeout=60)
    asked = requests.get(
        f"{url}/metrics", timeout=60, headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )

    assert "demo_total 1.0" in plain.text
    assert asked.headers["Content-Type"].startswith("application/openmetrics-text")
    assert asked.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    "accept",
    [
        b"application/openmetrics-text; version=no.number",
        b"text/plain; version=",
        b"text/plain;version=x",
        b"text/plain; version=1.\r\n 0.0\r\n ;;;=,=;",
        b"\xff\xfe;=",
        b"," * 1000,
    ],
)
def test_an_accept_header_that_makes_no_sense_gets_the_metrics_all_the_same(
    server: HealthServer, capfd: pytest.CaptureFixture[str], accept: bytes
) -> None:
    answer = spoken(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: " + accept + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.0 200 ")
    assert b"demo_total 1.0" in answer
    assert capfd.readouterr().err == ""


def test_an_unknown_path_says_which_ones_there_are(url: str) -> None:
    answer = requests.get(url, timeout=60)

    assert answer.status_code == 404
    assert "/readyz" in answer.text


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET http://[ HTTP/1.1", b"400"),
        (b"GET /livez HTTP/9", b"400"),
        (b"GET /livez HTTP/2.0", b"505"),
        (b"GET /livez", b"400"),
        (b"BREW /livez HTTP/1.1", b"501"),
        (b"POST /livez HTTP/1.1\r\nContent-Length: 5", b"405"),
        (b"OPTIONS /metrics HTTP/1.1", b"405"),
        (b"GET /livez?x=1 HTTP/1.1", b"200"),
        (b"GET http://host/livez HTTP/1.1", b"200"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1", b"414"),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * 20_000, b"431"),
        (b"GET /livez HTTP/1.1" + b"\r\nX: x" * 200, b"431"),
        (b"GET /livez HTTP/1.1" + b"".join(b"\r\nX: " + b"x" * 1000 for _ in range(20)), b"431"),
    ],
)
def test_every_request_gets_the_status_that_fits(
    server: HealthServer, capfd: pytest.CaptureFixture[str], request_line: bytes, status: bytes
) -> None:
    assert spoken(server, request_line + b"\r\n\r\n").split()[1] == status
    assert capfd.readouterr().err == ""


def test_a_head_has_the_headers_and_no_body(server: HealthServer) -> None:
    head, body = spoken(server, b"HEAD /livez HTTP/1.1\r\n\r\n").split(b"\r\n\r\n")

    assert b"Content-Length: 15" in head
    assert body == b""


def test_the_first_of_several_requests_is_answered_and_the_connection_closed(server: HealthServer) -> None:
    one = b"GET /livez HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"

    answer = spoken(server, one + b"GET /readyz HTTP/1.1\r\n\r\n" + one * 2000)

    assert answer.startswith(b"HTTP/1.0 200 ")
    assert answer.endswith(b'{"live": true}\n')


def test_a_fault_of_ours_is_an_answer_and_ends_nothing(
    answers: Answers, url: str, capfd: pytest.CaptureFixture[str]
) -> None:
    answers.live = State(True, {"live": object()})

    assert requests.get(f"{url}/livez", timeout=60).status_code == 500
    assert requests.get(f"{url}/readyz", timeout=60).status_code == 503
    capfd.readouterr()


@pytest.mark.parametrize(("fault", "logged"), [(RuntimeError("s3cret"), 1), (ConnectionResetError("gone"), 0)])
def test_only_what_no_client_can_do_is_reported_of_a_connection_that_failed(
    server: HealthServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    logged: int,
) -> None:
    def broken(_handler: object) -> bool:
        raise fault

    monkeypatch.setattr(serving.BoundedHandler, "parse_request", broken)

    assert spoken(server, b"GET /livez HTTP/1.1\r\n\r\n") == b""
    assert len([each for each in caplog.records if each.levelname == "ERROR"]) == logged


def test_one_scraper_that_hangs_does_not_keep_others_from_an_answer(answers: Answers) -> None:
    hangs, goes_on = threading.Event(), threading.Event()

    def slow() -> State:
        hangs.set()
        goes_on.wait(60)
        return State(True, {})

    with serving_at("127.0.0.1", Questions(lambda: answers.live, slow)) as server, ExitStack() as ended:
        asking = threading.Thread(target=requests.get, args=(f"http://127.0.0.1:{server.port}/readyz",), daemon=True)
        asking.start()
        ended.callback(asking.join)
        ended.callback(goes_on.set)
        assert hangs.wait(60)

        assert requests.get(f"http://127.0.0.1:{server.port}/livez", timeout=60).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /livez HT",
        b"GET /livez HTTP/1.1\r\nHost: x\r\n",
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"BREW /livez HTTP/1.1\r\n\r\n",
    ],
)
def test_many_who_hold_a_connection_take_few_files_and_keep_nobody_from_an_answer(
    server: HealthServer, url: str, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    # As if each client went on sending a byte now and then after its answer.
    monkeypatch.setattr(serving, "_LINGER_SECONDS", 30.0)
    with ExitStack() as held:
        lines = [held.enter_context(closing(connected(server))) for _ in range(3 * serving.MOST_CONNECTIONS)]
        for line in lines:
            line.sendall(sent)

        assert requests.get(f"{url}/livez", timeout=60).status_code == 200
        hung_up, _, _ = select.select(lines, [], [], 0)
        assert len(hung_up) >= 2 * serving.MOST_CONNECTIONS


@pytest.mark.parametrize("sent", [b"GET /livez HT", b"GET /metrics HTTP/1.1\r\n"])
def test_a_request_that_drips_is_ended_when_its_time_is_over(
    server: HealthServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(serving, "DEADLINE_SECONDS", 0.5)
    with connected(server) as line:
        line.sendall(sent)

        def hung_up() -> bool:
            try:
                line.sendall(b"x")
                line.settimeout(0.01)
                return line.recv(1) == b""
            except TimeoutError:
                return False
            except OSError:
                return True

        wait_for(hung_up, "the end of it")


def test_a_burst_of_probes_waits_to_be_accepted_and_is_answered_whole(answers: Answers) -> None:
    server = HealthServer("127.0.0.1", 0, CollectorRegistry(), Questions(lambda: answers.live, lambda: answers.ready))
    with ExitStack() as held:
        held.callback(server.stop)
        # Nobody accepts yet: beyond what may wait, a connection does not come about.
        lines = [held.enter_context(connected(server)) for _ in range(150)]
        for line in lines:
            line.sendall(b"GET /livez HTTP/1.1\r\n\r\n")
        server.start()

        assert [line.recv(12) for line in lines] == [b"HTTP/1.0 200"] * 150


@pytest.mark.parametrize(
    ("host", "asked"), [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1"), ("localhost", "127.0.0.1")]
)
def test_it_listens_where_it_is_set_to_as_far_as_the_system_has_that(answers: Answers, host: str, asked: str) -> None:
    questions = Questions(lambda: answers.live, lambda: answers.ready)
    if not listens_at(host):
        # Without IPv6, or with none at the loopback.
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on how the system is without
            HealthServer(host, 0, CollectorRegistry(), questions)
        return
    with serving_at(host, questions) as server, ExitStack() as refused:
        if not listens_at(asked):
            refused.enter_context(pytest.raises(OSError))  # noqa: PT011
        socket.create_connection((asked, server.port), 5).close()

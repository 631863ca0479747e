"""An answer is read by the call that it answers, and by no other: a connection is kept only when it is proven clean."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support.raw_client import client
from tests.support.raw_http import LOOPBACK, Script, answer, raw_server, sends, tunnels
from tests.support.work_samples import disable_command, rotate_command
from worker.errors import NotSent, OutcomeUnknown, Rejected
from worker.provider.client import ProviderClient
from worker.provider.wire.connections import DeadlineSocket
from worker.received.http import MOST_INTERIM

#: Every answer comes at once, so that nothing here waits for as long.
LONG = 60.0
BODY = b'{"message":"success"}'
DONE = answer(BODY)
REFUSED = answer(b'{"message":"error","errors":["it is refused"]}')
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKS = b"15\r\n" + BODY + b"\r\n0\r\n\r\n"
BROKEN_CHUNKS = b"Transfer-Encoding: chunked\r\n\r\n"

#: The answer to the first call, and whether that was done.
DONE_ONCE: dict[str, bytes] = {
    "103 before it": HINTS + DONE,
    "102 before it": b"HTTP/1.1 102 Processing\r\n\r\n" + DONE,
    "100 before it": b"HTTP/1.1 100 Continue\r\n\r\n" + DONE,
    "an unknown interim answer before it": b"HTTP/1.1 199 Whatever\r\n\r\n" + DONE,
    "an interim answer with the old version before it": b"HTTP/1.0 103 Early Hints\r\n\r\n" + DONE,
    "as many interim answers as are read": HINTS * MOST_INTERIM + DONE,
    "interim answers of several kinds": b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS + HINTS + DONE,
    "a line break after it": DONE + b"\r\n",
    "the old version": DONE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "the old version, kept alive": answer(BODY, "200 OK", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "an end that it announces": answer(BODY, "200 OK", "Connection: close"),
    "an end that it announces in a second line": answer(BODY, "200 OK", "Connection: keep-alive", "Connection: Close"),
    "its length twice": answer(BODY, "200 OK", f"Content-Length: {len(BODY)}"),
    "its length twice in one line": HEAD + b"Content-Length: 21, 21\r\n\r\n" + BODY,
    "chunks and a length that is wrong": HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "chunks and a length behind them": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 999\r\n\r\n" + CHUNKS,
    "chunks in two headers": HEAD + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "a header that is none": HEAD + b"Content-Length: 21\r\nno header\r\nConnection: close\r\n\r\n" + BODY,
}
UNKNOWN_ONCE: dict[str, bytes] = {
    "a protocol that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + DONE,
    "more interim answers than are read": HINTS * (MOST_INTERIM + 1) + DONE,
    "an interim answer with a length": b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello" + DONE,
    "204 with a body": answer(BODY, "204 No Content"),
    "205 with a body": answer(BODY, "205 Reset Content"),
    "304 with a body": answer(BODY, "304 Not Modified"),
    "204 in chunks": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "204 and an answer": b"HTTP/1.1 204 No Content\r\n\r\n" + DONE,
    "205 without a length": b"HTTP/1.1 205 Reset Content\r\n\r\n" + DONE,
    "two answers": DONE + DONE,
    "two answers of which one refuses": DONE + REFUSED,
    "two answers in chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS) * 2,
    "a word after its end": DONE + b"{}",
    "less than its length says": HEAD + b"Content-Length: 20\r\n\r\n" + BODY,
    "no length at all": HEAD + b"Content-Length: 0\r\n\r\n" + BODY,
    "two lengths": HEAD + b"Content-Length: 21\r\nContent-Length: 22\r\n\r\n" + BODY,
    "two lengths in one line": HEAD + b"Content-Length: 21, 22\r\n\r\n" + BODY,
    "a length below zero": HEAD + b"Content-Length: -21\r\n\r\n" + BODY,
    "a length with a sign": HEAD + b"Content-Length: +21\r\n\r\n" + BODY,
    "a length of a thousand digits": HEAD + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n" + BODY,
    "chunks twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS,
    "something else than chunks": HEAD + b"Transfer-Encoding: gzip\r\nContent-Length: 21\r\n\r\n" + BODY,
    "chunks inside of something else": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS,
    "a chunk below zero": HEAD + BROKEN_CHUNKS + b"-1\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a chunk with a sign": HEAD + BROKEN_CHUNKS + b"+15\r\n" + BODY + b"\r\n0\r\n\r\n",
    "no status line": BODY + b"\n",
    "a status line without a version": b"200 OK\r\n\r\n" + BODY,
    "a version before the first": DONE.replace(b"HTTP/1.1", b"HTTP/0.9"),
    "a version that nobody speaks": DONE.replace(b"HTTP/1.1", b"HTTP/1.7"),
    "a line break before it": b"\r\n" + DONE,
}
FIRST = {**dict.fromkeys(DONE_ONCE, True), **dict.fromkeys(UNKNOWN_ONCE, False)}
ANSWERS = DONE_ONCE | UNKNOWN_ONCE
#: What is passed on over TLS is the same; these read it in other pieces.
OVER_TLS = ("103 before it", "two answers of which one refuses", "204 and an answer", "a line break after it")


def ends(made: ProviderClient, words: str) -> None:
    """Make the first call, and see that it ends as it should."""
    if FIRST[words]:
        made.apply(disable_command())
    else:
        with pytest.raises(OutcomeUnknown):
            made.apply(disable_command())


def is_refused(made: ProviderClient) -> None:
    """Make the next call, which is refused, and see that it hears of that and of nothing else."""
    with pytest.raises(Rejected, match="it is refused"):
        made.apply(rotate_command())


@pytest.mark.parametrize("words", ANSWERS)
def test_the_next_call_hears_its_own_answer_on_a_connection_of_its_own(words: str) -> None:
    with raw_server(sends(ANSWERS[words]), sends(REFUSED)) as server, client(server.url, bound=LONG) as made:
        ends(made, words)
        is_refused(made)

        assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("words", OVER_TLS)
def test_the_same_over_tls(certified: tuple[ssl.SSLContext, str], words: str) -> None:
    context, bundle = certified
    with (
        raw_server(sends(ANSWERS[words]), sends(REFUSED), tls=context) as server,
        client(server.url, ca_bundle=bundle, bound=LONG) as made,
    ):
        ends(made, words)
        is_refused(made)

        assert server.connections == 2


@pytest.mark.parametrize("words", OVER_TLS)
def test_the_same_through_a_proxy_s_tunnel(certified: tuple[ssl.SSLContext, str], words: str) -> None:
    context, bundle = certified
    tunnel = tunnels(context, sends(ANSWERS[words]), sends(REFUSED))
    with (
        raw_server(tunnel, tunnels(context, sends(REFUSED))) as proxy,
        client(f"https://{LOOPBACK}:1", proxy.url, bundle, LONG) as made,
    ):
        ends(made, words)
        is_refused(made)

        assert proxy.connections == 2


@pytest.mark.parametrize("interim", [HINTS, b"HTTP/1.1 100 Continue\r\n\r\n" + HINTS * 2])
def test_a_proxy_may_answer_connect_with_interim_answers_first(
    certified: tuple[ssl.SSLContext, str], interim: bytes
) -> None:
    context, bundle = certified
    opened = interim + b"HTTP/1.1 200 Connection established\r\n\r\n"
    with (
        raw_server(tunnels(context, opened=opened)) as proxy,
        client(f"https://{LOOPBACK}:1", proxy.url, bundle, LONG) as made,
    ):
        made.apply(disable_command())
        made.apply(disable_command())

        assert (proxy.connections, len(proxy.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("opened", "reason"),
    [
        (HINTS * (MOST_INTERIM + 1), "interim answers came, and no final one"),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", "a protocol that nobody asked for"),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "more came than the proxy's answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no status line"),
        (b"HTTP/1.1 2_00 Connection established\r\n\r\n", "no status line"),
    ],
)
def test_behind_a_proxy_s_broken_answer_nothing_was_sent(opened: bytes, reason: str) -> None:
    with raw_server() as proxy:
        proxy.will(*[sends(opened)] * 3)

        with client("https://provider.invalid", proxy.url) as made, pytest.raises(NotSent, match=reason):
            made.apply(disable_command())


def test_an_answer_that_comes_late_is_never_read_by_the_next_call() -> None:
    hints_sent, late = threading.Event(), threading.Event()

    def hints_then_answers(connection: socket.socket) -> bool:
        connection.sendall(HINTS)
        hints_sent.set()
        late.wait(LONG)
        connection.sendall(DONE)
        return True

    with raw_server(hints_then_answers, sends(REFUSED)) as server, client(server.url, bound=LONG) as made:
        first = threading.Thread(target=made.apply, args=(disable_command(),))
        first.start()
        assert hints_sent.wait(LONG)
        is_refused(made)
        assert first.is_alive()
        late.set()
        first.join(LONG)
        assert not first.is_alive()


@pytest.fixture(params=["plain", "tls"])
def patient(request: pytest.FixtureRequest, certified: tuple[ssl.SSLContext, str]) -> tuple[ssl.SSLContext | None, str]:
    return (None, "") if request.param == "plain" else certified


def test_what_comes_after_the_answer_while_nobody_asks_is_never_read(
    patient: tuple[ssl.SSLContext | None, str],
) -> None:
    context, bundle = patient
    go_on, sent = threading.Event(), threading.Event()

    def answers_again_later(connection: socket.socket) -> bool:
        connection.sendall(DONE)
        go_on.wait(LONG)
        connection.sendall(DONE)
        sent.set()
        return True

    with (
        raw_server(answers_again_later, sends(REFUSED), tls=context) as server,
        client(server.url, ca_bundle=bundle or None, bound=LONG) as made,
    ):
        made.apply(disable_command())
        go_on.set()
        assert sent.wait(LONG)
        is_refused(made)

        assert server.connections == 2


def test_a_new_connection_that_answers_before_it_is_asked_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    look: Callable[[DeadlineSocket], bool] = DeadlineSocket.is_silent
    with (
        socket.create_server((LOOPBACK, 0)) as listener,
        client(f"http://{LOOPBACK}:{listener.getsockname()[1]}") as made,
    ):

        def look_after_the_greeting(line: DeadlineSocket) -> bool:
            greeter, _ = listener.accept()
            greeter.sendall(DONE)
            greeters.append(greeter)
            return look(line)

        greeters: list[socket.socket] = []
        monkeypatch.setattr(DeadlineSocket, "is_silent", look_after_the_greeting)
        with pytest.raises(NotSent, match="before anything was asked"):
            made.apply(disable_command())

        for greeter in greeters:
            # It is broken off, as nobody has read the greeting.
            with greeter, suppress(ConnectionResetError):
                assert greeter.recv(1) == b""


def test_a_well_behaved_server_is_asked_on_one_connection(patient: tuple[ssl.SSLContext | None, str]) -> None:
    context, bundle = patient
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS
    parts: list[Script] = [sends(DONE), sends(REFUSED), sends(chunked), sends(DONE[:30], DONE[30:])]
    with raw_server(*parts, tls=context) as server, client(server.url, ca_bundle=bundle or None, bound=LONG) as made:
        made.apply(disable_command())
        is_refused(made)
        made.apply(disable_command())
        made.apply(disable_command())

        assert (server.connections, len(server.requests)) == (1, 4)

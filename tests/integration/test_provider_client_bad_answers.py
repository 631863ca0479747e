"""The provider's client against servers that misbehave byte by byte: each call ends in time, and says what is known."""

import socket
import ssl
import threading
import traceback
from collections.abc import Callable

import pytest

from tests.support.raw_client import KEY, client
from tests.support.raw_http import (
    LOOPBACK,
    RawServer,
    Script,
    answer,
    raw_server,
    resets,
    sends,
    sends_and_closes,
    tunnels,
)
from tests.support.waiting import PATIENCE_SECONDS, wait_for
from tests.support.work_samples import PASSWORD, create_command, disable_command, rotate_command
from worker.errors import NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider.client import ProviderClient

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def failure(url: str, proxy: str | None = None) -> ProviderError:
    """How a create ends there, without a secret in any word; one that is not bounded ends with the test's time."""
    with client(url, proxy) as made, pytest.raises(ProviderError) as raised:
        made.apply(create_command())
    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value.errors)
    assert PASSWORD not in shown
    assert KEY not in shown
    return raised.value


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listener:
        return int(listener.getsockname()[1])


UNKNOWN: dict[str, Script] = {
    "closes without an answer": sends_and_closes(),
    "resets after the request was read": resets,
    "half a status line": sends_and_closes(b"HTTP/1.1 20"),
    "half of its headers": sends_and_closes(HEAD),
    "half of its body": sends_and_closes(HEAD + b'Content-Length: 21\r\n\r\n{"message":"succ'),
    "a body that is whole JSON, and too short": sends_and_closes(
        HEAD + b'Content-Length: 4000\r\n\r\n{"message":"success"}'
    ),
    "a chunk that is whole JSON, and too short": sends_and_closes(CHUNKED + b'30\r\n{"message":"success"}'),
    "chunks without the last": sends_and_closes(CHUNKED + b'15\r\n{"message":"success"}\r\n'),
    "no body": sends_and_closes(HEAD + b"Content-Length: 21\r\n\r\n"),
    "half of its chunks": sends_and_closes(CHUNKED + b'10\r\n{"message":"su'),
    "a chunk of no size": sends_and_closes(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "no http at all": sends_and_closes(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "an impossible status": sends_and_closes(b"HTTP/1.1 99999 What\r\n\r\n"),
    **{
        f"a status that only Python reads as 200: {status.decode()}": sends_and_closes(
            b"HTTP/1.1 " + status + b' OK\r\nContent-Length: 21\r\n\r\n{"message":"success"}'
        )
        for status in (b"2_00", b"+200", b"0200")
    },
    "two different lengths": sends_and_closes(HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n{}"),
    "a header that never ends": sends_and_closes(HEAD + b"X-Long: " + b"a" * 100_000),
    "a thousand headers": sends_and_closes(HEAD + b"X-Many: 1\r\n" * 1_000 + b"\r\n{}"),
    "an empty answer": sends(answer(b"")),
    "a page": sends(answer(b"<html>Oops</html>", "200 OK", "Content-Type: text/html")),
    "gzip that nobody asked for": sends(answer(b"\x1f\x8b\x08\x00rest", "200 OK", "Content-Encoding: gzip")),
    "an error of its own": sends(answer(b"<html>Oops</html>", "500 Internal Server Error")),
    "a success it does not mean": sends(answer(status="502 Bad Gateway")),
    "a hundred megabytes": sends_and_closes(HEAD + b'\r\n{"message":"success"}', *[b" " * 1_000_000] * 100),
}


@pytest.mark.parametrize("script", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_after_an_unreadable_answer_it_may_have_happened(script: Script) -> None:
    with raw_server(script) as server:
        assert type(failure(server.url)) is OutcomeUnknown

        # It is sent once: whatever may have arrived is never sent again by itself.
        assert len(server.requests) == 1


SLOW: dict[str, Callable[[RawServer], Script]] = {
    "silence": lambda server: server.falls_silent(),
    "silence after the headers": lambda server: server.falls_silent(HEAD + b"Content-Length: 21\r\n\r\n"),
    "a status line drop by drop": lambda server: server.drips(b"HTTP/1.1 200 ", b"O", 0.02),
    "headers drop by drop": lambda server: server.drips(HEAD + b"X: ", b"a", 0.02),
    "header after header": lambda server: server.drips(HEAD, b"X: a\r\n", 0.02),
    "go on, go on": lambda server: server.drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    "a body drop by drop": lambda server: server.drips(HEAD + b"Content-Length: 9999\r\n\r\n", b" ", 0.02),
    "a body without an end": lambda server: server.drips(HEAD + b"\r\n", b" ", 0.02),
    "chunk after chunk": lambda server: server.drips(CHUNKED, b"1\r\n \r\n", 0.02),
}


@pytest.mark.parametrize("make", SLOW.values(), ids=SLOW.keys())
def test_an_answer_that_does_not_end_is_given_up_in_time(make: Callable[[RawServer], Script]) -> None:
    with raw_server() as server:
        server.will(make(server))

        assert type(failure(server.url)) is OutcomeUnknown
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(b'{"message":"error","errors":["package unknown"]}'), Rejected),
        (answer(b'{"message":"User not found"}', "404 Not Found"), Rejected),
        (answer(b'{"message":"error","errors":["no"]}', "200 OK", "Content-Type: text/html"), Rejected),
        (answer(b"{}", "429 Too Many Requests", "retry-after: 7"), Throttled),
        (answer(b"<html>", "401 Unauthorized"), Unauthorized),
        (answer(b'{"error": "Bad username \\/ password"}', "403 Forbidden"), Unauthorized),
    ],
)
def test_a_readable_answer_means_what_it_says(reply: bytes, kind: type[ProviderError]) -> None:
    with raw_server(sends(reply)) as server:
        assert type(failure(server.url)) is kind


@pytest.mark.parametrize("body", [b'{"message":"error","errors":["no"]}', b"[]"])
def test_a_refusal_or_a_list_that_was_cut_short_is_none(body: bytes) -> None:
    cut = sends_and_closes(HEAD + b"Content-Length: 4000\r\n\r\n" + body)
    with raw_server(cut, cut) as server:
        assert "it was cut short" in failure(server.url).detail
        with client(server.url) as made, pytest.raises(OutcomeUnknown, match="it was cut short"):
            made.find("ada@example.com")


def test_a_success_in_chunks_is_one() -> None:
    chunks = CHUNKED + b'b\r\n{"message":\r\na\r\n"success"}\r\n0\r\n\r\n'
    with raw_server(sends(chunks)) as server, client(server.url) as made:
        made.apply(create_command())
        made.apply(create_command())

        assert server.connections == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_never_followed(status: str) -> None:
    with raw_server() as elsewhere:
        reply = answer(b'{"message":"success"}', status, f"Location: {elsewhere.url}/apiv2/reseller.add.json")
        with raw_server(sends(reply)) as server:
            assert type(failure(server.url)) is OutcomeUnknown

        assert elsewhere.connections == 0


def test_a_port_that_refuses_was_never_sent_to() -> None:
    assert type(failure(f"http://{LOOPBACK}:{free_port()}")) is NotSent


def test_a_name_that_does_not_exist_was_never_sent_to() -> None:
    assert type(failure("http://nowhere.invalid:80")) is NotSent


def test_a_server_that_takes_no_connection_was_never_sent_to() -> None:
    with socket.create_server((LOOPBACK, 0), backlog=0) as listener:
        address = listener.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        for waiting in crowd:
            waiting.setblocking(False)
            waiting.connect_ex(address)

        assert type(failure(f"http://{LOOPBACK}:{address[1]}")) is NotSent
        for waiting in crowd:
            waiting.close()


def test_a_certificate_nobody_vouches_for_was_never_sent_to(certified: tuple[ssl.SSLContext, str]) -> None:
    with raw_server(tls=certified[0]) as server:
        assert type(failure(server.url)) is NotSent
        assert server.requests == []


def test_a_certificate_from_the_bundle_is_trusted(certified: tuple[ssl.SSLContext, str]) -> None:
    context, bundle = certified
    with raw_server(tls=context) as server, client(server.url, ca_bundle=bundle) as made:
        made.apply(disable_command())
        made.apply(rotate_command())

        assert (server.connections, len(server.requests)) == (1, 2)


def test_an_encrypted_answer_that_does_not_end_is_given_up_in_time(certified: tuple[ssl.SSLContext, str]) -> None:
    context, bundle = certified
    with raw_server(tls=context) as server, client(server.url, ca_bundle=bundle) as made:
        server.will(server.drips(HEAD + b"Content-Length: 9999\r\n\r\n", b" ", 0.02))

        with pytest.raises(OutcomeUnknown):
            made.apply(disable_command())


def test_a_server_that_never_greets_is_given_up_in_time() -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        kind = type(failure(f"https://{LOOPBACK}:{silent.getsockname()[1]}"))

    assert kind in {NotSent, OutcomeUnknown}


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced() -> None:
    with raw_server(sends_and_closes(answer())) as server, client(server.url) as made:
        made.apply(disable_command())
        wait_for(lambda: server.closed, "the server to close the connection")
        made.apply(disable_command())

        assert (server.connections, len(server.requests)) == (2, 2)


def test_a_kept_connection_that_breaks_under_a_request_leaves_it_unknown() -> None:
    with raw_server(sends(answer()), sends_and_closes()) as server, client(server.url) as made:
        made.apply(disable_command())

        with pytest.raises(OutcomeUnknown):
            made.apply(disable_command())
        assert len(server.requests) == 2
        made.apply(disable_command())


def test_a_proxy_that_hangs_up_after_it_took_the_request_leaves_it_unknown() -> None:
    with raw_server(sends_and_closes()) as proxy:
        assert type(failure("http://provider.invalid", proxy.url)) is OutcomeUnknown

        assert len(proxy.requests) == 1


def test_a_proxy_that_opens_its_tunnel_drop_by_drop_is_given_up_in_time() -> None:
    with raw_server() as proxy:
        proxy.will(*[proxy.drips(b"HTTP/1.1 200 Connec", b"t", 0.02)] * 3)

        assert type(failure("https://provider.invalid", proxy.url)) in {NotSent, OutcomeUnknown}
        assert proxy.requests[0].startswith(b"CONNECT provider.invalid:443 ")


def test_a_proxy_s_tunnel_serves_call_after_call(certified: tuple[ssl.SSLContext, str]) -> None:
    context, bundle = certified
    with (
        raw_server(tunnels(context)) as proxy,
        client(f"https://{LOOPBACK}:{free_port()}", proxy.url, bundle) as made,
    ):
        made.apply(disable_command())
        made.apply(disable_command())

        assert (proxy.connections, len(proxy.requests)) == (1, 1)


def test_a_proxy_that_cannot_be_reached_was_never_sent_to() -> None:
    assert type(failure("http://provider.invalid", f"http://{LOOPBACK}:{free_port()}")) is NotSent


def test_after_every_bad_answer_the_next_call_is_well() -> None:
    with raw_server(*UNKNOWN.values()) as server, client(server.url) as made:
        for _ in UNKNOWN:
            with pytest.raises(OutcomeUnknown):
                made.apply(disable_command())

        made.apply(disable_command())


def test_calls_do_not_wait_for_one_another_s_bad_answers() -> None:
    with raw_server() as server, client(server.url, bound=2 * PATIENCE_SECONDS) as made:
        server.will(*[server.falls_silent() for _ in range(8)])
        threads = [threading.Thread(target=_lose, args=(made,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(server.requests) == len(threads), "all calls at once, none of them answered")
        server.hang_up()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)

        assert not any(thread.is_alive() for thread in threads)


def _lose(made: ProviderClient) -> None:
    with pytest.raises(OutcomeUnknown):
        made.apply(disable_command())

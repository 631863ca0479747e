"""The client's v3 calls over real sockets: how they look on the wire, and that the same bounds hold for them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from messages.commands import UpdateUserProfile
from tests.support.raw_http import Script, answer, raw_server, sends, sends_and_closes
from tests.support.work_samples import disable_command
from worker.errors import NotSent, OutcomeUnknown, ProviderError, ProviderLogin, Rejected, Throttled, Unauthorized
from worker.provider.client import ProviderClient
from worker.provider.config import Login, ProviderConfig

KEY, V3_KEY = "res3ller-key", "SG.v3-s3cret"
BOUND = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PROFILE = {"city": "Zürich", "address2": "", "country": "CH"}
UPDATE = UpdateUserProfile(on_behalf_of="Ada@Example.com", city="Zürich", address2="")
#: The user's, and then the reseller's own.
NAMES = (sends(answer(b'{"username":"ada"}')), sends(answer(b'{"username":"reseller"}')))
Ask = Callable[[ProviderClient], object]
ASKED: dict[str, Ask] = {
    "update": lambda client: client.apply(UPDATE),
    "target": lambda client: client.acting_for("Ada@Example.com"),
}
ask_either = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())


@contextmanager
def client(v3_url: str, v2_url: str = "http://127.0.0.1:1") -> Iterator[ProviderClient]:
    config = ProviderConfig(
        v2_url, Login("reseller", KEY, V3_KEY), v3_url, connect_timeout_seconds=BOUND, timeout_seconds=BOUND
    )
    made = ProviderClient(config, lambda: True, lambda *_: None)
    yield made
    made.close()


def failure(url: str, ask: Ask) -> ProviderError:
    """How it ends there; a call that is not bounded ends with the test's time."""
    with client(url) as made, pytest.raises(ProviderError) as raised:
        ask(made)
    assert V3_KEY not in repr((raised.value, raised.value.errors))
    return raised.value


def head_and_body(request: bytes) -> tuple[list[str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    return head.decode("latin-1").split("\r\n"), body


def test_a_profile_travels_as_json_with_its_headers_spelled_as_documented() -> None:
    with raw_server(sends(answer(json.dumps(PROFILE).encode()))) as server, client(server.url) as made:
        made.apply(UPDATE)

        lines, body = head_and_body(server.requests[0])
    assert lines[0] == "PATCH /v3/user/profile HTTP/1.1"
    assert {"On-Behalf-Of: Ada@Example.com", f"Authorization: Bearer {V3_KEY}"} < set(lines)
    assert "Content-Type: application/json" in lines
    assert json.loads(body) == {"city": "Zürich", "address2": ""}
    assert KEY.encode() not in server.requests[0]


def test_a_target_is_asked_for_without_a_body() -> None:
    with raw_server(*NAMES) as server, client(server.url) as made:
        assert made.acting_for("account-id 42") == "ada"

        lines, body = head_and_body(server.requests[0])
    assert lines[0] == "GET /v3/user/username HTTP/1.1"
    assert "On-Behalf-Of: account-id 42" in lines
    assert body == b""
    assert not any(line.lower().startswith(("content-", "transfer-")) for line in lines)


def test_v2_and_v3_each_keep_their_own_server_and_login() -> None:
    with raw_server() as v2, raw_server(*NAMES) as v3, client(v3.url, v2.url) as made:
        made.apply(disable_command())
        made.acting_for("ada")
        made.apply(disable_command())

        assert (len(v2.requests), len(v3.requests), v2.connections) == (2, 2, 1)
        assert all(b"Bearer" not in request and V3_KEY.encode() not in request for request in v2.requests)


UNKNOWN: dict[str, Script] = {
    "half of its body": sends_and_closes(HEAD + b'Content-Length: 99\r\n\r\n{"city":"Zu'),
    "no content": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "a page": sends(answer(b"<html>Oops</html>")),
    "a success of v2": sends(answer()),
    "an error of its own": sends(answer(json.dumps(PROFILE).encode(), "503 Busy")),
}


@ask_either
@pytest.mark.parametrize("script", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_after_an_unreadable_answer_it_may_have_happened(script: Script, ask: Ask) -> None:
    with raw_server(script) as server:
        assert type(failure(server.url, ask)) is OutcomeUnknown
        assert len(server.requests) == 1


@ask_either
@pytest.mark.parametrize("status", ["303 Other", "307 Temporary"])
def test_a_redirect_is_never_followed(status: str, ask: Ask) -> None:
    with raw_server() as elsewhere:
        reply = answer(json.dumps({**PROFILE, "username": "ada"}).encode(), status, f"Location: {elsewhere.url}/v3/")
        with raw_server(sends(reply)) as server:
            assert type(failure(server.url, ask)) is OutcomeUnknown

        assert elsewhere.connections == 0


@ask_either
@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b'{"errors":[{"field":null,"message":"authorization required"}]}', "401 Unauthorized", Unauthorized),
        (b'{"errors":[{"field":null,"message":"access forbidden"}]}', "403 Forbidden", Unauthorized),
        (b'{"errors":[{"field":"on-behalf-of","message":"unknown user"}]}', "400 Bad Request", Rejected),
        (b'{"errors":[{"field":null,"message":"too many requests"}]}', "429 Too Many Requests", Throttled),
    ],
)
def test_a_readable_answer_means_what_it_says(body: bytes, status: str, kind: type[ProviderError], ask: Ask) -> None:
    reply = sends(answer(body, status, "x-RateLimit-rEset: 1"))
    with raw_server(reply, reply) as server:
        error = failure(server.url, ask)

    assert type(error) is kind
    assert not isinstance(error, Unauthorized) or error.login is ProviderLogin.V3


@ask_either
def test_a_server_that_is_not_there_was_never_sent_to(ask: Ask) -> None:
    assert type(failure("http://127.0.0.1:1", ask)) is NotSent

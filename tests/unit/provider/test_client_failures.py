"""The provider's client on bad days: what is sent again, what is never sent, and what is reported of it."""

import html
import json
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from types import SimpleNamespace
from urllib.parse import quote, quote_plus

import pytest

from messages.commands import Command
from tests.support.work_samples import USERNAME, disable_command
from tests.unit.provider.rig import KEY, LOGIN, LOGIN_REFUSED, OK, V3_KEY, Rig
from tests.unit.provider.samples import ALL_COMMANDS, UPDATE
from worker.errors import (
    ClaimLost,
    NotSent,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Throttled,
    Unauthorized,
    Unprovable,
)
from worker.provider import client as client_module
from worker.provider.client import ProviderClient
from worker.provider.config import CallResult, Login, ProviderConfig
from worker.provider.wire.transport import HttpAnswer

ODD = "s/\"'<é> &+%"


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_was_never_sent_is_tried_twice_more(rig: Rig) -> None:
    rig.answer(NotSent("refused"), NotSent("refused"))

    rig.client.apply(disable_command())

    assert [result for _, result in rig.observed] == [CallResult.NOT_SENT, CallResult.NOT_SENT, CallResult.SUCCESS]


def test_then_it_is_given_up(rig: Rig) -> None:
    rig.answer(*[NotSent("refused")] * 3)

    with pytest.raises(NotSent):
        rig.client.apply(disable_command())
    assert len(rig.transport.posted) == 3


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Rejected("no"), Throttled("slow"), Unauthorized("login")])
def test_whatever_may_have_arrived_is_never_sent_again(rig: Rig, failure: ProviderError) -> None:
    rig.answer(failure)

    with pytest.raises(type(failure)):
        rig.client.apply(disable_command())
    assert len(rig.transport.posted) == 1


def test_a_further_try_that_may_have_arrived_is_the_last_one(rig: Rig) -> None:
    rig.answer(NotSent("refused"), OutcomeUnknown("reset"))

    with pytest.raises(OutcomeUnknown):
        rig.client.apply(disable_command())
    assert len(rig.transport.posted) == 2


def test_all_attempts_of_a_call_share_its_time(rig: Rig) -> None:
    rig.answer(NotSent("refused"), NotSent("refused"))

    rig.client.apply(disable_command())

    first, second, third = rig.transport.allowed
    assert 10.0 >= first > second > third > 0


def test_a_call_whose_time_is_used_up_is_not_tried_again() -> None:
    rig = Rig(timeout_seconds=0.1)
    rig.answer(NotSent("refused"))

    with pytest.raises(NotSent):
        rig.client.apply(disable_command())
    assert len(rig.transport.posted) == 1


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=lambda command: type(command).__name__)
def test_without_the_lease_nothing_is_written(rig: Rig, command: Command) -> None:
    rig.may_write = False

    with pytest.raises(ClaimLost):
        rig.client.apply(command)
    assert (rig.transport.requests, rig.observed) == ([], [])


def test_without_the_lease_it_may_still_be_asked(rig: Rig) -> None:
    rig.may_write = False
    rig.answer(b"[]", b'{"username":"ada"}', b'{"username":"reseller"}')

    assert rig.client.find(USERNAME) is None
    assert rig.client.acting_for(USERNAME) == "ada"


def test_a_lease_that_ends_between_two_attempts_ends_the_call(rig: Rig) -> None:
    def refuse_and_freeze() -> bytes:
        rig.may_write = False
        raise NotSent("refused")

    rig.answer(refuse_and_freeze)

    with pytest.raises(ClaimLost):
        rig.client.apply(disable_command())
    assert len(rig.transport.requests) == 1


def test_a_refused_login_is_read_again_for_the_next_call(rig: Rig) -> None:
    rig.login_in_the_file = Login("reseller", "the-new-key")
    rig.answer(LOGIN_REFUSED)

    with pytest.raises(Unauthorized):
        rig.client.apply(disable_command())
    rig.client.apply(disable_command())

    assert [dict(form)["api_key"] for _, form in rig.transport.posted] == [KEY, "the-new-key"]


@pytest.mark.parametrize("command", [command for command in ALL_COMMANDS if command.secrets()], ids=type)
@pytest.mark.parametrize("spelled", [str, quote, quote_plus, html.escape, lambda text: json.dumps(text)[1:-1]])
def test_no_word_of_a_failure_holds_a_secret(command: Command, spelled: Callable[[str], str]) -> None:
    rig = Rig(login=Login("reseller", f"{ODD}1", f"{ODD}2"))
    secret = next(name for name in type(command).model_fields if "password" in name)
    command = type(command).model_validate({**command.revealed(), secret: f"{ODD}3"})
    provider_errors = [f"{spelled(f'{ODD}{number}')} is weak" for number in (1, 2, 3)]
    rig.answer(json.dumps({"message": "error", "errors": provider_errors}).encode())

    with pytest.raises(Rejected, match="is weak") as raised:
        rig.client.apply(command)

    shown = (raised.value.detail, *raised.value.errors, *map(str, raised.value.args))
    assert not any(spelled(ODD) in text or ODD in text for text in shown)


@pytest.mark.parametrize("proxy", ["http://u:pr0xy%2Fp4ss@127.0.0.1:1", "u:pr0xy%2Fp4ss@127.0.0.1:1"])
def test_no_word_of_a_failure_holds_the_proxys_password(rig: Rig, proxy: str) -> None:
    client = ProviderClient(ProviderConfig("http://127.0.0.1:9", LOGIN, proxy=proxy), lambda: True, lambda *_: None)
    client.close()
    client._caller._transport = rig.transport  # type: ignore[assignment]  # stands in for it
    sent = b64encode(b"u:pr0xy/p4ss").decode()
    rig.answer(json.dumps({"message": "error", "errors": [f"no: {sent}", "u:pr0xy/p4ss"]}).encode())

    with pytest.raises(Rejected) as raised:
        client.apply(disable_command())
    assert raised.value.errors[1] == "u:**********"
    assert sent[4:] not in raised.value.detail


@pytest.mark.parametrize("ask", [lambda client: client.apply(UPDATE), lambda client: client.acting_for("ada")])
def test_no_word_of_v3_holds_its_key(rig: Rig, ask: Callable[[ProviderClient], None]) -> None:
    rig.answer(HttpAnswer(400, {}, json.dumps({"errors": [{"message": f"bad bearer {V3_KEY}"}]}).encode()))

    with pytest.raises(Rejected, match="bad bearer") as raised:
        ask(rig.client)
    assert V3_KEY not in repr((raised.value, raised.value.detail, raised.value.errors))


def test_no_word_of_a_failure_is_endless(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["' + b"a" * 1_000_000 + b'"]}')

    with pytest.raises(Rejected) as raised:
        rig.client.apply(disable_command())
    assert [len(text) for text in raised.value.errors] == [500]
    assert len(raised.value.detail) == len(str(raised.value)) == 2_000


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (OK, CallResult.SUCCESS),
        (b'{"message":"User not found"}', CallResult.REJECTED),
        (b"", CallResult.UNKNOWN),
        (Throttled("slow down"), CallResult.THROTTLED),
        (LOGIN_REFUSED, CallResult.UNAUTHORIZED),
    ],
)
def test_every_call_is_counted_by_how_it_ended(rig: Rig, answer: bytes | Exception, result: CallResult) -> None:
    rig.answer(answer)
    try:
        rig.client.apply(disable_command())
    except ProviderError:
        assert result is not CallResult.SUCCESS

    assert rig.observed == [("disable", result)]


def test_a_profile_that_shows_something_else_is_counted_as_unknown(rig: Rig) -> None:
    rig.answer(b'{"first_name":"Bob","address2":"","zip":"01234"}')

    with pytest.raises(Unprovable, match="first_name"):
        rig.client.apply(UPDATE)
    assert rig.observed == [("user_profile_update", CallResult.UNKNOWN)]


@pytest.mark.parametrize("body", [OK, b'{"message":"User not found"}', b""])
def test_a_limit_that_is_used_up_is_reported_beside_whatever_the_answer_says(rig: Rig, body: bytes) -> None:
    rig.answer(HttpAnswer(200, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 60)}, body))

    with suppress(ProviderError):
        rig.client.apply(disable_command())
    rig.client.apply(disable_command())

    assert rig.exhausted == [pytest.approx(60, abs=30)]


class Clockwork:
    """Time that passes where a test says so: waiting for our own limit, and for the answer."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(
            client_module, "time", SimpleNamespace(monotonic=lambda: self.now, perf_counter=lambda: self.now)
        )
        rig.client._caller._rate_limiter = SimpleNamespace(wait=self.passes(4.0))  # type: ignore[assignment]

    def passes(self, seconds: float, failure: ProviderError | None = None) -> Callable[[], bytes]:
        """Let it pass, and then fail."""

        def pass_() -> bytes:
            self.now += seconds
            if failure is not None:
                raise failure
            return b""

        return pass_


def test_what_a_thread_waited_for_its_turn_is_reported(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    clockwork = Clockwork(rig, monkeypatch)
    rig.answer(clockwork.passes(5.0), OK)
    assert rig.client.waited_seconds() == 0.0

    with pytest.raises(OutcomeUnknown):
        rig.client.apply(disable_command())
    assert rig.client.waited_seconds() == 4.0
    rig.client.apply(disable_command())

    assert rig.client.waited_seconds() == 8.0
    assert rig.transport.allowed == [10.0, 10.0]


def test_another_thread_s_wait_is_its_own(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    Clockwork(rig, monkeypatch)
    shown: list[float] = []

    def call() -> None:
        rig.client.apply(disable_command())
        shown.append(rig.client.waited_seconds())

    thread = Thread(target=call)
    thread.start()
    thread.join()

    assert (shown, rig.client.waited_seconds()) == ([4.0], 0.0)


def test_a_call_that_is_turned_away_has_waited_as_well(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    clockwork = Clockwork(rig, monkeypatch)
    ended = clockwork.passes(4.0, NotSent("the worker ends"))
    rig.client._caller._rate_limiter = SimpleNamespace(wait=ended)  # type: ignore[assignment]

    with pytest.raises(NotSent):
        rig.client.apply(disable_command())

    assert rig.client.waited_seconds() == 4.0
    assert rig.transport.requests == []


def test_an_endless_word_ends_in_no_half_of_a_secret() -> None:
    rig = Rig(login=Login("reseller", "é" * 255))
    rig.answer(json.dumps({"message": "error", "errors": [f"no {quote('é' * 255 * 100)}"]}).encode())

    with pytest.raises(Rejected) as raised:
        rig.client.apply(disable_command())

    assert quote("é") not in raised.value.detail + "".join(raised.value.errors)


def test_nothing_that_is_configured_shows_a_secret() -> None:
    config = ProviderConfig("http://127.0.0.1:9", Login("reseller", KEY, V3_KEY), proxy="http://user:pr0xy@127.0.0.1:8")

    for secret in (KEY, V3_KEY, "pr0xy"):
        assert secret not in repr(config)

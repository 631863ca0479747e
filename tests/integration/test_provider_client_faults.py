"""The client before a stand-in on its bad days, in both formats and both APIs: what it makes of each, in one call."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from messages.commands import UpdateUserProfile
from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.faults import ErrorShape, Fault, FaultRule, Garble, ThrottleHeaders
from sandbox.provider.operations.registry import Effect
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import SandboxConfig, Switches
from tests.support.work_samples import create_command, disable_command
from worker.errors import OutcomeUnknown, Rejected, Throttled
from worker.provider import Login, ProviderClient, ProviderConfig
from worker.provider.config import Format

ADA = "a@x.com"
BOUND, RATIO = 0.4, 12
UPDATE = UpdateUserProfile(on_behalf_of=ADA, city="Paris")
Ask = Callable[[ProviderClient], object]
CREATE: tuple[Format, Ask] = ("json", lambda client: client.apply(create_command()))
CREATE_IN_XML: tuple[Format, Ask] = ("xml", CREATE[1])
UPDATE_PROFILE: tuple[Format, Ask] = ("json", lambda client: client.apply(UPDATE))
FIND: tuple[Format, Ask] = ("json", lambda client: client.find(ADA))
TARGET: tuple[Format, Ask] = ("json", lambda client: client.acting_for(ADA))
WRITES = {"create": CREATE, "create in xml": CREATE_IN_XML, "v3 update": UPDATE_PROFILE}
CALLS = {**WRITES, "find": FIND, "v3 target": TARGET}
every_call = pytest.mark.parametrize("asked", CALLS.values(), ids=CALLS.keys())
every_write = pytest.mark.parametrize("asked", WRITES.values(), ids=WRITES.keys())


@pytest.fixture(scope="module")
def stand_in() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


@pytest.fixture
def sandbox(stand_in: RemoteSandbox) -> RemoteSandbox:
    stand_in.reset()
    return stand_in


@contextmanager
def client(remote: RemoteSandbox, format_: Format, timeout_seconds: float = 10.0) -> Iterator[ProviderClient]:
    login = Login("acme", "pw", "SG.acme")
    config = ProviderConfig(remote.url, login, format=format_, timeout_seconds=timeout_seconds)
    made = ProviderClient(config, lambda: True, lambda *_: None)
    yield made
    made.close()


FAULTS = [
    FaultRule(fault=Fault.APPLY_THEN_DROP),
    FaultRule(fault=Fault.DROP_BEFORE),
    FaultRule(fault=Fault.OUTAGE),
    FaultRule(fault=Fault.RESET),
    FaultRule(fault=Fault.ERROR_500, applied=True),
    FaultRule(fault=Fault.ERROR_500, status=502),
    FaultRule(fault=Fault.HTML),
    FaultRule(fault=Fault.HTML, status=404, applied=True),
    FaultRule(fault=Fault.EMPTY),
    FaultRule(fault=Fault.EMPTY, status=204),
    FaultRule(fault=Fault.EMPTY, status=404),
    FaultRule(fault=Fault.TRUNCATED),
    FaultRule(fault=Fault.HUGE),
    *(FaultRule(fault=Fault.REDIRECT, status=status) for status in (301, 302, 303, 307, 308)),
    *(FaultRule(fault=Fault.GARBLED, garble=garble, applied=True) for garble in Garble),
]


def name_of(rule: FaultRule) -> str:
    return f"{rule.fault}-{rule.status or rule.garble}"


@every_write
@pytest.mark.parametrize("rule", FAULTS, ids=name_of)
def test_whatever_does_not_say_so_may_have_happened(
    sandbox: RemoteSandbox, rule: FaultRule, asked: tuple[Format, Ask]
) -> None:
    sandbox.inject(rule)

    with client(sandbox, asked[0]) as made, pytest.raises(OutcomeUnknown):
        asked[1](made)

    [entry] = sandbox.journal()
    assert entry.effect is (Effect.CHANGED if rule.is_applied else Effect.NOT_APPLIED)


@pytest.mark.parametrize("asked", [FIND, TARGET], ids=["find", "v3 target"])
@pytest.mark.parametrize("rule", [rule for rule in FAULTS if rule.garble is not Garble.EMPTY_LIST], ids=name_of)
def test_a_question_without_a_readable_answer_is_open(
    sandbox: RemoteSandbox, rule: FaultRule, asked: tuple[Format, Ask]
) -> None:
    sandbox.inject(rule)

    with client(sandbox, asked[0]) as made, pytest.raises(OutcomeUnknown):
        asked[1](made)

    assert len(sandbox.journal()) == 1


@every_call
@pytest.mark.parametrize(
    "rule", [FaultRule(fault=Fault.SLOW), FaultRule(fault=Fault.DRIP)], ids=["slow", "a byte a second"]
)
def test_an_answer_that_takes_too_long_is_given_up_in_time(
    sandbox: RemoteSandbox, rule: FaultRule, asked: tuple[Format, Ask]
) -> None:
    sandbox.inject(rule)
    began = time.monotonic()

    with client(sandbox, asked[0], BOUND) as made, pytest.raises(OutcomeUnknown):
        asked[1](made)

    assert time.monotonic() - began < BOUND * RATIO


@every_write
@pytest.mark.parametrize("status", [200, 400, 404, 422])
@pytest.mark.parametrize("shape", ErrorShape)
def test_a_refusal_in_any_shape_is_told_in_the_provider_s_words(
    sandbox: RemoteSandbox, shape: ErrorShape, status: int, asked: tuple[Format, Ask]
) -> None:
    text = "city <é> & Łódź: no"
    sandbox.inject(FaultRule(fault=Fault.REFUSED, error_shape=shape, text=text, status=status))

    with client(sandbox, asked[0]) as made, pytest.raises(Rejected) as refused:
        asked[1](made)

    assert refused.value.errors == ("User not found" if shape is ErrorShape.UNF else text,)


@every_call
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (ThrottleHeaders(retry_after_seconds=40), 40),
        (ThrottleHeaders(retry_after_seconds=40, as_date=True, odd_case=True), 40),
        (ThrottleHeaders(reset_seconds=40), 40),
        (ThrottleHeaders(reset_seconds=40, odd_case=True), 40),
        (ThrottleHeaders(retry_after_seconds=40, reset_seconds=900), 40),
        (ThrottleHeaders(verbatim=(("Retry-After", "soon"),)), None),
        (ThrottleHeaders(), None),
    ],
    ids=["seconds", "date", "reset", "odd reset", "both", "nonsense", "none"],
)
def test_a_throttle_is_told_with_its_time(
    sandbox: RemoteSandbox, headers: ThrottleHeaders, seconds: float | None, asked: tuple[Format, Ask]
) -> None:
    sandbox.inject(FaultRule(fault=Fault.THROTTLED, headers=headers))

    with client(sandbox, asked[0]) as made, pytest.raises(Throttled) as throttled:
        asked[1](made)

    expected = None if seconds is None else pytest.approx(seconds, abs=seconds / 2)
    assert throttled.value.retry_after_seconds == expected


def test_the_last_call_that_is_allowed_pauses_before_a_throttle_must(sandbox: RemoteSandbox) -> None:
    paused: list[float] = []
    config = ProviderConfig(sandbox.url, Login("acme", "pw"))
    made = ProviderClient(config, lambda: True, lambda *_: None, exhausted=paused.append)
    sandbox.set_switches(Switches(rate_limit=2, rate_window_seconds=60.0))

    made.apply(disable_command().model_copy(update={"username": ADA}))
    assert paused == []
    made.apply(disable_command().model_copy(update={"username": ADA}))
    made.close()

    assert paused == [pytest.approx(60.0, abs=30.0)]

"""The provider's client on bad days: what is sent again, what is never sent, and what is told of it."""

from collections.abc import Callable

import pytest

from tests.support.work_samples import PASSWORD, USERNAME, create_command, disable_command, rotate_command
from tests.unit.provider.rig import KEY, LOGIN_REFUSED, OK, Rig
from worker.errors import ClaimLost, NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider import ProviderClient, ProviderConfig
from worker.provider.config import CallResult, Login, Operation


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_what_was_never_sent_is_tried_twice_more(rig: Rig) -> None:
    rig.answer(NotSent("refused"), NotSent("refused"))

    rig.client.disable(disable_command())

    assert [result for _, result in rig.observed] == [CallResult.NOT_SENT, CallResult.NOT_SENT, CallResult.SUCCESS]


def test_then_it_is_given_up(rig: Rig) -> None:
    rig.answer(*[NotSent("refused")] * 3)

    with pytest.raises(NotSent):
        rig.client.disable(disable_command())
    assert len(rig.transport.posted) == 3


@pytest.mark.parametrize("failure", [OutcomeUnknown("reset"), Rejected("no"), Throttled("slow"), Unauthorized("login")])
def test_whatever_may_have_arrived_is_never_sent_again(rig: Rig, failure: ProviderError) -> None:
    rig.answer(failure)

    with pytest.raises(type(failure)):
        rig.client.disable(disable_command())
    assert len(rig.transport.posted) == 1


def test_a_further_try_that_may_have_arrived_is_the_last_one(rig: Rig) -> None:
    rig.answer(NotSent("refused"), OutcomeUnknown("reset"))

    with pytest.raises(OutcomeUnknown):
        rig.client.disable(disable_command())
    assert len(rig.transport.posted) == 2


def test_all_tries_of_a_call_share_its_time(rig: Rig) -> None:
    rig.answer(NotSent("refused"), NotSent("refused"))

    rig.client.disable(disable_command())

    first, second, third = rig.transport.allowed
    assert 10.0 >= first > second > third > 0


def test_a_call_whose_time_is_used_up_is_not_tried_again() -> None:
    rig = Rig(timeout_seconds=0.1)
    rig.answer(NotSent("refused"))

    with pytest.raises(NotSent):
        rig.client.disable(disable_command())
    assert len(rig.transport.posted) == 1


WRITES: dict[str, Callable[[ProviderClient], None]] = {
    "create": lambda client: client.create(create_command()),
    "disable": lambda client: client.disable(disable_command()),
    "edit": lambda client: client.edit_credential(rotate_command()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_without_the_lease_nothing_is_written(rig: Rig, write: Callable[[ProviderClient], None]) -> None:
    rig.may_write = False

    with pytest.raises(ClaimLost):
        write(rig.client)
    assert (rig.transport.posted, rig.observed) == ([], [])


def test_without_the_lease_it_may_still_be_asked(rig: Rig) -> None:
    rig.may_write = False
    rig.answer(b"[]")

    assert rig.client.find(USERNAME) is None


def test_a_lease_that_ends_between_two_tries_ends_the_call(rig: Rig) -> None:
    def refuse_and_freeze() -> bytes:
        rig.may_write = False
        raise NotSent("refused")

    rig.answer(refuse_and_freeze)

    with pytest.raises(ClaimLost):
        rig.client.disable(disable_command())
    assert len(rig.transport.posted) == 1


def test_a_refused_login_is_read_again_for_the_next_call(rig: Rig) -> None:
    rig.login_in_the_file = Login("reseller", "the-new-key")
    rig.answer(LOGIN_REFUSED)

    with pytest.raises(Unauthorized):
        rig.client.disable(disable_command())
    rig.client.disable(disable_command())

    assert [dict(form)["api_key"] for _, form in rig.transport.posted] == [KEY, "the-new-key"]


@pytest.mark.parametrize("write", [WRITES["create"], WRITES["edit"]], ids=["create", "edit"])
def test_no_word_of_a_failure_holds_a_secret(rig: Rig, write: Callable[[ProviderClient], None]) -> None:
    rig.answer(f'{{"message":"error","errors":["{PASSWORD} is weak","key {KEY}"]}}'.encode())

    with pytest.raises(Rejected, match="is weak") as raised:
        write(rig.client)

    told = repr((raised.value, raised.value.detail, raised.value.errors, raised.value.args))
    assert PASSWORD not in told
    assert KEY not in told


def test_no_word_of_a_failure_is_endless(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["' + b"a" * 1_000_000 + b'"]}')

    with pytest.raises(Rejected) as raised:
        rig.client.disable(disable_command())
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
        rig.client.disable(disable_command())
    except ProviderError:
        assert result is not CallResult.SUCCESS

    assert rig.observed == [(Operation.DISABLE, result)]


def test_nothing_that_is_configured_shows_a_secret() -> None:
    config = ProviderConfig("http://127.0.0.1:9", Login("reseller", KEY), proxy="http://user:pr0xy@127.0.0.1:8")

    assert KEY not in repr(config)
    assert "pr0xy" not in repr(config)

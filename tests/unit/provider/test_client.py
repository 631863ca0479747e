"""The provider's operations over a transport that only listens: what is sent, when again, and what is told of it."""

from collections import deque
from collections.abc import Callable

import pytest

from messages.commands import CreateCustomer
from tests.support.work_samples import PASSWORD, USERNAME, create_command, disable_command, rotate_command
from worker.errors import ClaimLost, NotSent, OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider import ProviderClient, ProviderConfig
from worker.provider.config import CallResult, Login, Operation
from worker.provider.transport import Answer

KEY = "res3ller-key"
OK = b'{"message":"success"}'
LOGIN_REFUSED = b'{"error":{"code":401,"message":"Permission denied, wrong credentials"}}'
Form = list[tuple[str, str]]


class FakeTransport:
    """Answers what it is told to, and remembers what was posted."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Form]] = []
        self.allowed: list[float] = []
        self.answers: deque[bytes | Exception | Callable[[], bytes]] = deque()

    def post(self, path: str, form: Form, within_seconds: float) -> Answer:
        """Answer."""
        self.posted.append((path, list(form)))
        self.allowed.append(within_seconds)
        answer = self.answers.popleft() if self.answers else OK
        if isinstance(answer, Exception):
            raise answer
        return Answer(200, {}, answer() if callable(answer) else answer)

    def close(self) -> None:
        """Nothing to close."""


class Rig:
    """A client, what it posted and what it told its observer."""

    def __init__(self, timeout_seconds: float = 10.0) -> None:
        self.transport = FakeTransport()
        self.observed: list[tuple[Operation, CallResult]] = []
        self.may_write = True
        self.login_in_the_file = Login("reseller", KEY)
        config = ProviderConfig("http://127.0.0.1:9", Login("reseller", KEY), timeout_seconds=timeout_seconds)
        self.client = ProviderClient(config, lambda: self.may_write, self._observe, lambda: self.login_in_the_file)
        self.client._transport.close()
        self.client._transport = self.transport  # type: ignore[assignment]  # stands in for it

    def answer(self, *answers: bytes | Exception | Callable[[], bytes]) -> None:
        """Say how the next calls end; those after them succeed."""
        self.transport.answers.extend(answers)

    @property
    def sent(self) -> dict[str, str]:
        """The last form; it names every field once."""
        form = self.transport.posted[-1][1]
        assert len({name for name, _ in form}) == len(form)
        return dict(form)

    def _observe(self, operation: Operation, result: CallResult, seconds: float) -> None:
        assert seconds >= 0
        self.observed.append((operation, result))


@pytest.fixture
def rig() -> Rig:
    return Rig()


def rows(*usernames: str) -> bytes:
    return b"[" + b",".join(f'{{"username":"{name}"}}'.encode() for name in usernames) + b"]"


def test_a_create_sends_every_field_and_the_password_twice(rig: Rig) -> None:
    rig.client.create(create_command())

    assert rig.transport.posted[0][0] == "/apiv2/reseller.add.json"
    expected = {name: str(value) for name, value in create_command().revealed().items()}
    assert rig.sent == {"api_user": "reseller", "api_key": KEY, "confirm_password": PASSWORD, **expected}


def test_lists_dates_and_truths_are_written_as_the_provider_reads_them(rig: Rig) -> None:
    data = {
        **create_command().revealed(),
        "ip": ["10.0.0.1", "10.0.0.2"],
        "free_user": False,
        "billing_date": "2026-12-01",
    }

    rig.client.create(CreateCustomer.model_validate(data))

    form = rig.transport.posted[0][1]
    assert [value for name, value in form if name == "ip[]"] == ["10.0.0.1", "10.0.0.2"]
    assert ("free_user", "false") in form
    assert ("billing_date", "2026-12-01") in form
    assert "ip" not in dict(form)


def test_a_disable_names_the_customer_as_user(rig: Rig) -> None:
    rig.client.disable(disable_command())

    assert rig.transport.posted[0][0] == "/apiv2/reseller.manage.json"
    assert rig.sent == {"api_user": "reseller", "api_key": KEY, "method": "disable", "user": USERNAME}


def test_a_rotation_sends_the_new_password_under_its_own_name(rig: Rig) -> None:
    rig.client.edit_credential(rotate_command())

    assert rig.transport.posted[0][0] == "/apiv2/reseller.credential.json"
    assert rig.sent == {
        "api_user": "reseller",
        "api_key": KEY,
        "task": "edit",
        "user": USERNAME,
        "credential_name": "mailer",
        "new_credential_password": PASSWORD,
    }


def test_only_the_very_same_name_is_found(rig: Rig) -> None:
    rig.answer(rows(f"a{USERNAME}", USERNAME.upper(), f"{USERNAME}.org"), rows(f"a{USERNAME}"))

    assert rig.client.find(USERNAME) is None


def test_a_customer_is_looked_for_on_every_page(rig: Rig) -> None:
    rig.answer(rows("a", "b"), rows("c", "d"), rows("e", USERNAME))

    found = rig.client.find(USERNAME)

    assert found is not None
    assert [dict(form).get("offset") for _, form in rig.transport.posted] == [None, "2", "4"]


def test_an_empty_page_ends_the_list(rig: Rig) -> None:
    rig.answer(rows("a", "b"), b"[]")

    assert rig.client.find(USERNAME) is None
    assert len(rig.transport.posted) == 2


def test_an_empty_list_is_read_once(rig: Rig) -> None:
    rig.answer(b"[]")

    assert rig.client.find(USERNAME) is None
    assert len(rig.transport.posted) == 1


def test_a_page_that_fails_is_no_absence(rig: Rig) -> None:
    rig.answer(rows("a"), OutcomeUnknown("reset"))

    with pytest.raises(OutcomeUnknown):
        rig.client.find(USERNAME)


def test_a_question_that_is_refused_is_no_refusal_of_the_command(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["search is down"]}')

    with pytest.raises(OutcomeUnknown, match="search is down"):
        rig.client.find(USERNAME)


def test_the_probe_asks_for_a_customer_that_cannot_exist(rig: Rig) -> None:
    rig.answer(b"[]")

    rig.client.probe()

    assert rig.sent.items() >= {"method": "profile", "task": "get"}.items()
    assert len(rig.sent["username"]) > 100


def test_a_refused_question_shows_that_the_provider_is_there(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["username too long"]}')

    rig.client.probe()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(LOGIN_REFUSED, Unauthorized), (b"", OutcomeUnknown), (Throttled("slow down"), Throttled)],
)
def test_the_probe_fails_when_it_gets_no_answer(rig: Rig, answer: bytes | Exception, kind: type[ProviderError]) -> None:
    rig.answer(answer)

    with pytest.raises(kind):
        rig.client.probe()


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

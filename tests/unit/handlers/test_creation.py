"""CreateCustomer: created once, adopted only when it is proven to be ours."""

from dataclasses import replace

import pytest

from messages.results import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider
from tests.support.ledger_samples import success, token_of
from tests.support.work_samples import PASSWORD, USERNAME, create, create_command, work_of
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, NOTHING_LEFT, UNREMEMBERED
from tests.unit.handlers.handler_rig import LateProvider
from worker.domain.claims import ClaimRequest
from worker.domain.identity import CommandKey
from worker.domain.work import Attempt, Requested
from worker.errors import (
    LedgerUnavailable,
    NotApplied,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unprovable,
)
from worker.handlers import Handlers

COMMAND = create_command()
READABLE = ["email", "first_name", "last_name", "address", "city", "state", "zip", "country", "phone", "website"]
LOOKED = f"search username={USERNAME}"
IDENTITY = ["email", "first_name", "last_name"]
CREATED = f"CreateCustomer {USERNAME}"
PASSWORD_SET = f"ChangePassword {USERNAME}"


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def ledger() -> FakeLedger:
    """It has seen the command itself."""
    ledger = FakeLedger(FakeClock())
    ledger.claim(request())
    return ledger


@pytest.fixture
def handlers(provider: FakeProvider, ledger: FakeLedger) -> Handlers:
    return Handlers(provider, ledger)


def request(id_: str = "evt_1", username: str = USERNAME) -> ClaimRequest:
    content = work_of(create(username=username)).content
    assert isinstance(content, Requested)
    return replace(content.request, key=CommandKey("billing", id_))


def outcome(handlers: Handlers, attempt: Attempt) -> Outcome:
    return handlers.handle(COMMAND, attempt).outcome


def test_a_first_attempt_creates_without_looking(handlers: Handlers, provider: FakeProvider) -> None:
    assert outcome(handlers, FIRST) is Outcome.APPLIED
    assert provider.calls == [CREATED]


def test_a_first_attempt_that_is_refused_is_refused(handlers: Handlers, provider: FakeProvider) -> None:
    provider.add(COMMAND)

    with pytest.raises(Rejected, match="taken"):
        handlers.handle(COMMAND, FIRST)
    assert provider.calls == [CREATED]


def test_what_was_begun_and_is_absent_is_created(handlers: Handlers, provider: FakeProvider) -> None:
    assert outcome(handlers, BEGUN) is Outcome.APPLIED
    assert provider.calls == [LOOKED, CREATED]


def test_what_was_begun_and_is_there_is_adopted(handlers: Handlers, provider: FakeProvider) -> None:
    provider.add(COMMAND)

    assert outcome(handlers, BEGUN) is Outcome.ALREADY_APPLIED
    assert provider.changes == []


def test_a_customer_of_another_identity_is_another_s(handlers: Handlers, provider: FakeProvider) -> None:
    provider.add(COMMAND)
    provider.customers[USERNAME].fields.update({**dict.fromkeys(IDENTITY, "something else"), "city": "Elsewhere"})

    with pytest.raises(
        Rejected, match=r"taken by a customer with other values in: email, first_name, last_name, city$"
    ):
        handlers.handle(COMMAND, BEGUN)


@pytest.mark.parametrize("field", [name for name in READABLE if name not in IDENTITY])
def test_a_customer_of_the_same_identity_that_differs_otherwise_may_be_ours(
    handlers: Handlers, provider: FakeProvider, field: str
) -> None:
    provider.add(COMMAND)
    provider.customers[USERNAME].fields[field] = "something else"

    with pytest.raises(Unprovable, match=f"same e-mail address and names, and other values in: {field};"):
        handlers.handle(COMMAND, BEGUN)
    assert provider.changes == []


@pytest.mark.parametrize("attempt", [BEGUN, UNREMEMBERED])
def test_a_field_the_provider_does_not_list_proves_nothing(
    handlers: Handlers, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.add(COMMAND)
    del provider.customers[USERNAME].fields["phone"]

    with pytest.raises(Unprovable, match="phone"):
        handlers.handle(COMMAND, attempt)


@pytest.mark.parametrize("username", [USERNAME, USERNAME.upper()])
def test_another_create_of_the_name_makes_it_unprovable(
    handlers: Handlers, provider: FakeProvider, ledger: FakeLedger, username: str
) -> None:
    provider.add(COMMAND)
    ledger.claim(request("evt_9", username))

    with pytest.raises(Unprovable, match="cannot be proven"):
        handlers.handle(COMMAND, BEGUN)


def test_a_create_of_another_name_does_not(handlers: Handlers, provider: FakeProvider, ledger: FakeLedger) -> None:
    provider.add(COMMAND)
    ledger.claim(request("evt_9", "bob@example.com"))

    assert outcome(handlers, BEGUN) is Outcome.ALREADY_APPLIED


def test_a_redelivered_command_nobody_remembers_is_created_when_the_name_is_free(
    handlers: Handlers, provider: FakeProvider
) -> None:
    assert outcome(handlers, UNREMEMBERED) is Outcome.APPLIED
    assert provider.calls == [CREATED]


def test_a_redelivered_command_nobody_remembers_adopts_nothing(handlers: Handlers, provider: FakeProvider) -> None:
    provider.add(COMMAND)

    with pytest.raises(Unprovable):
        handlers.handle(COMMAND, UNREMEMBERED)


def test_a_redelivered_command_nobody_remembers_is_refused_for_another_s_customer(
    handlers: Handlers, provider: FakeProvider
) -> None:
    provider.add(create_command(city="Paris"))

    with pytest.raises(Rejected, match="city"):
        handlers.handle(COMMAND, UNREMEMBERED)


def test_a_name_taken_where_we_cannot_see_is_a_refusal(handlers: Handlers, provider: FakeProvider) -> None:
    provider.taken_elsewhere.add(USERNAME)

    for attempt in (BEGUN, UNREMEMBERED):
        with pytest.raises(Rejected, match="taken"):
            handlers.handle(COMMAND, attempt)


def test_a_refused_repeat_of_a_create_that_was_applied_late_is_adopted(ledger: FakeLedger) -> None:
    provider = LateProvider(COMMAND, USERNAME)

    assert outcome(Handlers(provider, ledger), BEGUN) is Outcome.ALREADY_APPLIED
    assert provider.calls == [LOOKED, CREATED, LOOKED, PASSWORD_SET]


def test_a_list_that_cannot_be_read_after_a_refusal_does_not_make_the_command_look_begun(
    handlers: Handlers, provider: FakeProvider
) -> None:
    provider.add(COMMAND)
    provider.fail_next(OutcomeUnknown("reset"), "search")
    provider.fail_next(Throttled("slow down", 5.0), "search")

    with pytest.raises(NotSent, match="cannot be read"):
        handlers.handle(COMMAND, UNREMEMBERED)
    with pytest.raises(Throttled) as throttled:
        handlers.handle(COMMAND, UNREMEMBERED)
    assert (throttled.value.nothing_written, throttled.value.retry_after_seconds) == (True, 5.0)


def test_a_list_that_cannot_be_read_stays_an_unknown_outcome_once_begun(
    handlers: Handlers, provider: FakeProvider
) -> None:
    provider.fail_next(OutcomeUnknown("reset"), "search")

    with pytest.raises(OutcomeUnknown):
        handlers.handle(COMMAND, BEGUN)
    assert provider.calls == [LOOKED]


def test_the_last_look_adopts_what_is_there(handlers: Handlers, provider: FakeProvider) -> None:
    provider.add(COMMAND)

    assert outcome(handlers, LAST_LOOK) is Outcome.ALREADY_APPLIED
    assert provider.calls == [LOOKED]


def with_another_password(provider: FakeProvider) -> None:
    provider.add(COMMAND)
    provider.customers[USERNAME].password = "another one"


def test_what_is_adopted_gets_the_password_that_cannot_be_compared(handlers: Handlers, provider: FakeProvider) -> None:
    with_another_password(provider)

    assert outcome(handlers, BEGUN) is Outcome.ALREADY_APPLIED
    assert provider.customers[USERNAME].password == PASSWORD
    assert provider.changes == [PASSWORD_SET]


def test_what_is_adopted_keeps_the_password_that_a_later_command_may_have_given_it(
    handlers: Handlers, provider: FakeProvider, ledger: FakeLedger
) -> None:
    with_another_password(provider)
    later = replace(request("evt_2"), type="ChangePassword")
    ledger.record(token_of(ledger.claim(later)), success())

    assert outcome(handlers, BEGUN) is Outcome.ALREADY_APPLIED
    assert (provider.customers[USERNAME].password, provider.changes) == ("another one", [])


def test_an_answer_lost_while_the_password_is_set_repeats_the_adoption(
    handlers: Handlers, provider: FakeProvider
) -> None:
    with_another_password(provider)
    provider.lose_next_answer("ChangePassword", applied=False)

    with pytest.raises(OutcomeUnknown):
        handlers.handle(COMMAND, BEGUN)

    assert outcome(handlers, BEGUN) is Outcome.ALREADY_APPLIED
    assert provider.customers[USERNAME].password == PASSWORD


def test_a_refused_password_does_not_unmake_the_customer(handlers: Handlers, provider: FakeProvider) -> None:
    provider.add(COMMAND)
    provider.fail_next(Rejected("the provider refused: too weak", ("too weak",)), "ChangePassword")

    with pytest.raises(Unprovable, match=r"exists as the command asked, but.*too weak") as raised:
        handlers.handle(COMMAND, BEGUN)
    assert raised.value.errors == ("too weak",)
    assert PASSWORD not in str(raised.value)


@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK])
def test_a_list_that_is_refused_is_no_refusal_of_the_create(
    handlers: Handlers, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.fail_next(Rejected("the provider refused: no list for you"), "search")

    with pytest.raises(OutcomeUnknown, match="no list for you"):
        handlers.handle(COMMAND, attempt)
    assert provider.changes == []


def test_a_create_that_was_throttled_and_applied_all_the_same_is_adopted(
    handlers: Handlers, provider: FakeProvider
) -> None:
    provider.fail_next(Throttled("slow down", 5.0), applied=True)
    with pytest.raises(Throttled):
        handlers.handle(COMMAND, FIRST)

    assert outcome(handlers, BEGUN) is Outcome.ALREADY_APPLIED
    assert provider.changes == [CREATED]


@pytest.mark.parametrize("attempt", [LAST_LOOK, NOTHING_LEFT])
def test_without_attempts_left_nothing_is_created(handlers: Handlers, provider: FakeProvider, attempt: Attempt) -> None:
    with pytest.raises(NotApplied, match="no attempts are left"):
        handlers.handle(COMMAND, attempt)
    assert provider.changes == []


def test_a_ledger_that_cannot_be_asked_is_no_answer(
    handlers: Handlers, provider: FakeProvider, ledger: FakeLedger
) -> None:
    provider.add(COMMAND)
    ledger.broken = True

    with pytest.raises(LedgerUnavailable):
        handlers.handle(COMMAND, BEGUN)

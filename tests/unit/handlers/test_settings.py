"""Commands that set a value: repeated as they are, and looked at once no attempts are left."""

import pytest

from messages.commands import Command
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import PASSWORD, USERNAME, create_command, disable_command, rotate_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, NOTHING_LEFT, UNREMEMBERED
from worker.domain.results import Outcome, Success
from worker.domain.work import Attempt
from worker.errors import NotApplied, OutcomeUnknown, Rejected, Unprovable
from worker.handlers import Handlers

DISABLE, ROTATE = disable_command(), rotate_command()


@pytest.fixture
def provider() -> FakeProvider:
    """It has Ada, with a credential."""
    provider = FakeProvider()
    provider.add(create_command())
    provider.customers[USERNAME].credentials["mailer"] = "the old one"
    return provider


@pytest.fixture
def handlers(provider: FakeProvider) -> Handlers:
    return Handlers(provider, FakeLedger(FakeClock()))


@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_a_customer_is_disabled_also_once_more(handlers: Handlers, provider: FakeProvider, attempt: Attempt) -> None:
    provider.disable(DISABLE)

    assert handlers.handle(DISABLE, attempt) == Success(Outcome.APPLIED, {})
    assert provider.calls[-1] == f"disable {USERNAME}"
    assert provider.customers[USERNAME].fields["active"] == "false"


@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED])
def test_a_credential_gets_the_same_password_once_more(
    handlers: Handlers, provider: FakeProvider, attempt: Attempt
) -> None:
    provider.edit_credential(ROTATE)

    assert handlers.handle(ROTATE, attempt) == Success(Outcome.APPLIED, {"credential_name": "mailer"})
    assert provider.customers[USERNAME].credentials["mailer"] == PASSWORD
    assert provider.changes == [f"edit_credential {USERNAME}"]


@pytest.mark.parametrize("command", [DISABLE, ROTATE])
def test_what_the_provider_refuses_is_refused(handlers: Handlers, provider: FakeProvider, command: Command) -> None:
    provider.customers.clear()

    with pytest.raises(Rejected, match="User not found"):
        handlers.handle(command, FIRST)


@pytest.mark.parametrize("command", [DISABLE, ROTATE])
def test_a_lost_answer_is_an_unknown_outcome(handlers: Handlers, provider: FakeProvider, command: Command) -> None:
    provider.lose_next_answer(applied=True)

    with pytest.raises(OutcomeUnknown):
        handlers.handle(command, FIRST)


def test_the_last_look_finds_a_disabled_customer(handlers: Handlers, provider: FakeProvider) -> None:
    provider.disable(DISABLE)

    assert handlers.handle(DISABLE, LAST_LOOK) == Success(Outcome.ALREADY_APPLIED, {})
    assert provider.calls[-1] == f"find {USERNAME}"


@pytest.mark.parametrize("active", ["true", "", "0", None])
def test_a_customer_that_is_not_listed_as_disabled_is_not(
    handlers: Handlers, provider: FakeProvider, active: str | None
) -> None:
    fields = provider.customers[USERNAME].fields
    del fields["active"]
    fields.update({} if active is None else {"active": active})

    with pytest.raises(NotApplied, match="not listed as disabled"):
        handlers.handle(DISABLE, LAST_LOOK)


def test_a_customer_that_is_gone_is_not_disabled(handlers: Handlers, provider: FakeProvider) -> None:
    provider.customers.clear()

    with pytest.raises(NotApplied):
        handlers.handle(DISABLE, LAST_LOOK)


def test_whether_a_password_was_set_cannot_be_read(handlers: Handlers, provider: FakeProvider) -> None:
    with pytest.raises(Unprovable, match="does no harm") as raised:
        handlers.handle(ROTATE, LAST_LOOK)

    assert provider.calls == []
    assert PASSWORD not in str(raised.value)


def test_a_rotation_that_was_never_sent_is_known_not_to_have_happened(handlers: Handlers) -> None:
    with pytest.raises(NotApplied, match="was not changed"):
        handlers.handle(ROTATE, NOTHING_LEFT)

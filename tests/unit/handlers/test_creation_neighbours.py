"""CreateCustomer: what other commands did to the same customer under another spelling of its name."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from messages.results import Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider
from tests.support.ledger_samples import asking, success, token_of
from tests.support.work_samples import create_command
from tests.unit.handlers.attempts import BEGUN, LAST_LOOK
from worker.domain.ports import CustomerRow
from worker.domain.work import Attempt
from worker.errors import Unprovable
from worker.handlers import Handlers


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger(FakeClock())


class Finding(FakeProvider):
    """Lists another's customers, whatever is asked for: it finds names in any spelling."""

    def __init__(self, other: FakeProvider) -> None:
        super().__init__()
        self._other = other

    def search(self, _filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """List all there are."""
        return self._other.search({})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("zo\u00e9@example.com", "zoe\u0301@example.com"),
        ("Zoe\u0301@Example.com", "ZO\u00c9@example.com"),
        ("O&#39;Brien@example.com", "o'brien@example.com"),
        ("o'brien@example.com", "O&apos;Brien@example.com"),
        ("stra\u00dfe@example.com", "STRASSE@example.com"),
        ("strasse@example.com", "stra\u1e9ee@example.com"),
    ],
)
@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK])
def test_a_customer_that_another_create_made_under_another_spelling_is_not_adopted(
    provider: FakeProvider, ledger: FakeLedger, attempt: Attempt, first: str, second: str
) -> None:
    token = token_of(ledger.claim(asking("evt_2", username=second)))
    ledger.claim(asking("evt_3", username=first))
    listed = create_command(username=first)
    provider.add(listed)

    finding = Finding(provider)
    with pytest.raises(Unprovable, match="cannot be proven"):
        Handlers(finding, ledger).handle(create_command(username=second), replace(attempt, token=token))
    assert finding.changes == []


def test_an_adopted_customer_keeps_the_password_of_a_later_command_for_its_listed_name(
    provider: FakeProvider, ledger: FakeLedger
) -> None:
    own, listed = "STRASSE@example.com", "stra\u00dfe@example.com"
    token = token_of(ledger.claim(asking("evt_2", username=own)))
    ledger.record(token_of(ledger.claim(asking("evt_3", username=listed, type_="ChangePassword"))), success())
    provider.add(create_command(username=listed))

    finding = Finding(provider)
    ended = Handlers(finding, ledger).handle(create_command(username=own), replace(BEGUN, token=token))
    assert (ended.outcome, finding.calls) == (Outcome.ALREADY_APPLIED, [])

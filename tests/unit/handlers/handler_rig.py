"""What the tests of the handlers run on: a provider that has Ada, and a ledger that has claimed the command."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from messages.commands import Command
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeProvider
from tests.support.ledger_samples import asking, token_of
from tests.support.ready_provider import provider_with_ada
from tests.support.work_samples import USERNAME
from worker.domain.claims import Token
from worker.domain.ports import CustomerRow
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import ProviderError
from worker.handlers import Handlers

#: How an attempt ended: the word of its success, or the kind of its failure.
Ended = str | type[ProviderError]
Prepare = Callable[[FakeProvider], None]


@dataclass(slots=True)
class HandlerRig:
    """Ada is there, unless asked otherwise; the command is claimed as evt_1 of the billing system."""

    provider: FakeProvider = field(default_factory=provider_with_ada)
    ledger: FakeLedger = field(default_factory=lambda: FakeLedger(FakeClock()))
    token: Token = field(init=False)

    def __post_init__(self) -> None:
        self.token = token_of(self.ledger.claim(asking()))

    def handle(self, command: Command, attempt: Attempt) -> Success:
        """Try the command once."""
        return Handlers(self.provider, self.ledger).handle(command, replace(attempt, token=self.token))

    def end(self, command: Command, attempt: Attempt) -> Ended:
        """Try the command once; returns how it ended."""
        try:
            return self.handle(command, attempt).outcome.value
        except ProviderError as failure:
            return type(failure)


def nothing(_provider: FakeProvider) -> None:
    """Leave the provider as it is."""


def gone(provider: FakeProvider) -> None:
    """Let Ada be nobody's customer."""
    del provider.customers[USERNAME]


class LateProvider(FakeProvider):
    """Applies an earlier command late: right after somebody looked for that customer, or asked whom it stands for."""

    def __init__(self, late: Command, looked_for: str) -> None:
        super().__init__()
        self._late: Command | None = late
        self._looked_for = looked_for

    def find(self, username: str) -> CustomerRow | None:
        """Look, and then let the late one take effect."""
        found = super().find(username)
        self._seen(username)
        return found

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Search, and then let the late one take effect."""
        found = list(super().search(filters))
        self._seen(filters.get("username"))
        return iter(found)

    def acting_for(self, on_behalf_of: str) -> str:
        """Return whom it stands for, and then let the late one take effect."""
        found = super().acting_for(on_behalf_of)
        self._seen(on_behalf_of)
        return found

    def _seen(self, username: str | None) -> None:
        if username == self._looked_for and self._late is not None:
            self.accounts.apply(self._late)
            self._late = None


@dataclass(frozen=True)
class Case:
    """An attempt, what it finds, how it ends, and how many changes it makes."""

    attempt: Attempt
    found: Prepare
    ended: Ended
    changes: int = 0

"""A provider in memory, with the rules of the real one, and what the worker thinks of it. No HTTP."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from messages.commands import Command, CreateCustomer, UpdateUserProfile
from tests.fakes.accounts import FakeAccounts, FakeCustomer
from worker.domain.identity import customer_of
from worker.domain.ports import CustomerRow
from worker.domain.retry_policy import Blame
from worker.errors import OutcomeUnknown, ProviderError, ProviderLogin, Rejected, Unauthorized

#: What the provider keeps of a customer and leaves out of its list, by its documents.
UNLISTED = frozenset({"id", "address2", "website_access", "company", "package", "whitelabel"})


@dataclass(frozen=True, slots=True)
class _Fault:
    error: BaseException
    operation: str | None
    applied: bool


class FakeProvider:
    """Implements the `Provider` port. `calls` is what was asked, `changes` what became different, both in order.

    A change is called by its command's type, a question by its method's name: `DisableCustomer ada`, `find ada`. What
    `accounts` holds, and how it behaves, may be changed by a test; `unlisted` are the fields that the list leaves out.
    """

    def __init__(self) -> None:
        self.accounts = FakeAccounts()
        self.unlisted = set(UNLISTED)
        self.knows_our_login = True
        self.knows_our_v3_key = True
        self.calls: list[str] = []
        self.changes: list[str] = []
        self._faults: deque[_Fault] = deque()

    @property
    def customers(self) -> dict[str, FakeCustomer]:
        """Our customers by their names."""
        return self.accounts.customers

    @property
    def taken_elsewhere(self) -> set[str]:
        """Names of accounts that are not ours."""
        return self.accounts.taken_elsewhere

    def fail_next(self, error: BaseException, operation: str | None = None, *, applied: bool = False) -> None:
        """Raise this at the next call, before or after the call took effect.

        `operation` may name the kind of call that is meant, `find`, or the very call, `find ada`.
        """
        self._faults.append(_Fault(error, operation, applied))

    def lose_next_answer(self, operation: str | None = None, *, applied: bool) -> None:
        """Let the next call end without an answer, with or without its effect."""
        self.fail_next(OutcomeUnknown("the answer was lost"), operation, applied=applied)

    def add(self, command: CreateCustomer) -> None:
        """Have the customer without any call."""
        self.accounts.add(command)

    def apply(self, command: Command) -> None:
        """Make the change that the command asks for."""
        call = f"{type(command).__name__} {customer_of(command)}"
        login = ProviderLogin.V3 if isinstance(command, UpdateUserProfile) else ProviderLogin.V2
        fault = self._begin(call, login)
        if fault is not None and not fault.applied:
            raise fault.error
        try:
            if self.accounts.apply(command):
                self.changes.append(call)
        except Rejected:
            # A refusal is an answer too, and may be lost as any other.
            if fault is None:
                raise
        if fault is not None:
            raise fault.error

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username."""
        self._ask(f"find {username}")
        customer = self.accounts.listed().get(username)
        return self._row(customer) if customer else None

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Every customer whose fields contain what is asked for; nothing is asked before the first row is wanted."""
        self._ask(f"search {' '.join(f'{name}={value}' for name, value in filters.items())}".strip())
        for customer in list(self.accounts.listed().values()):
            if all(value.lower() in customer.fields.get(name, "").lower() for name, value in filters.items()):
                yield self._row(customer)

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf would act on."""
        self._ask(f"acting_for {on_behalf_of}", ProviderLogin.V3)
        name = self.accounts.acting_for(on_behalf_of)
        if name == self.accounts.own_name:
            raise Rejected(f"the provider would have acted for {name}, the login itself")
        return name

    def probe(self) -> None:
        """Answer, unless asked to fail."""
        self._ask("probe")

    def probe_v3(self) -> None:
        """Answer for the v3 key, unless asked to fail."""
        self._ask("probe_v3", ProviderLogin.V3)

    def _ask(self, call: str, login: ProviderLogin = ProviderLogin.V2) -> None:
        fault = self._begin(call, login)
        if fault is not None:
            raise fault.error

    def _begin(self, call: str, login: ProviderLogin) -> _Fault | None:
        self.calls.append(call)
        if not (self.knows_our_v3_key if login is ProviderLogin.V3 else self.knows_our_login):
            raise Unauthorized("the provider refuses the login (401)", login=login)
        if self._faults and self._faults[0].operation in {None, call, call.split(" ", maxsplit=1)[0]}:
            return self._faults.popleft()
        return None

    def _row(self, customer: FakeCustomer) -> CustomerRow:
        return CustomerRow({name: value for name, value in customer.fields.items() if name not in self.unlisted})


class FakeHealth:
    """A ProviderHealth that remembers what it was given, and says what a test has set."""

    def __init__(self) -> None:
        self.well: list[str] = []
        self.logins: list[ProviderLogin] = []
        self.failures: list[tuple[str, ProviderError]] = []
        self.proven_at: float | None = None

    def succeeded(self, customer: str, login: ProviderLogin) -> None:
        """Remember it."""
        self.logins.append(login)
        self.well.append(customer)

    def failed(self, customer: str, failure: ProviderError, login: ProviderLogin) -> None:
        """Remember it."""
        self.logins.append(login)
        self.failures.append((customer, failure))

    def blame(self, _customer: str, _login: ProviderLogin, since: float) -> Blame:
        """Say whose it was, by when the provider was well."""
        return Blame.COMMAND if self.proven_at is not None and self.proven_at > since else Blame.OPEN

    def paused_since(self, _login: ProviderLogin, _since: float) -> bool:
        """Say that nothing was paused."""
        return False

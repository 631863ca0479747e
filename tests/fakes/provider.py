"""A provider in memory, with the rules of the real one, and what the worker thinks of it. No HTTP."""

from collections import deque
from dataclasses import dataclass, field

from messages.commands import CreateCustomer, DisableCustomer, RotateCredential
from worker.domain.provider import READABLE_FIELDS, CustomerRow
from worker.errors import OutcomeUnknown, ProviderError, Rejected, Unauthorized


@dataclass(slots=True)
class FakeCustomer:
    """One customer: what can be read of it, and the credentials nobody can read."""

    fields: dict[str, str]
    credentials: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fault:
    error: ProviderError
    operation: str | None
    applied: bool


class FakeProvider:
    """Implements the `Provider` port. `calls` is what was asked, `changes` what it did, both in order."""

    def __init__(self) -> None:
        self.customers: dict[str, FakeCustomer] = {}
        self.taken_elsewhere: set[str] = set()
        self.knows_our_login = True
        self.calls: list[str] = []
        self.changes: list[str] = []
        self._faults: deque[_Fault] = deque()

    def fail_next(self, error: ProviderError, operation: str | None = None, *, applied: bool = False) -> None:
        """Raise this at the next call (of that operation, if one is named), before or after the call took effect."""
        self._faults.append(_Fault(error, operation, applied))

    def lose_next_answer(self, operation: str | None = None, *, applied: bool) -> None:
        """Let the next call end without an answer, with or without its effect."""
        self.fail_next(OutcomeUnknown("the answer was lost"), operation, applied=applied)

    def add(self, command: CreateCustomer) -> None:
        """Have the customer without any call."""
        readable = {name: str(getattr(command, name)) for name in READABLE_FIELDS}
        self.customers[command.username] = FakeCustomer({**readable, "active": "true"})

    def create(self, command: CreateCustomer) -> None:
        """Create the customer, once."""
        fault = self._begin("create", command.username)
        if command.username in self.customers or command.username in self.taken_elsewhere:
            raise Rejected("the provider refused: taken", ("taken",))
        self.add(command)
        self._end("create", command.username, fault)

    def disable(self, command: DisableCustomer) -> None:
        """Stop the customer from sending."""
        fault = self._begin("disable", command.username)
        customer = self._customer(command.username)
        changed = customer.fields["active"] == "true"
        customer.fields["active"] = "false"
        self._end("disable", command.username, fault, changed=changed)

    def edit_credential(self, command: RotateCredential) -> None:
        """Set the credential's password."""
        fault = self._begin("edit_credential", command.username)
        credentials = self._customer(command.username).credentials
        if command.credential_name not in credentials:
            raise Rejected("the provider refused: no such credential", ("no such credential",))
        password = command.new_credential_password.get_secret_value()
        changed = credentials[command.credential_name] != password
        credentials[command.credential_name] = password
        self._end("edit_credential", command.username, fault, changed=changed)

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username."""
        self._begin("find", username)
        customer = self.customers.get(username)
        return CustomerRow(dict(customer.fields)) if customer else None

    def probe(self) -> None:
        """Answer, unless told to fail."""
        self._begin("probe", "")

    def _begin(self, operation: str, username: str) -> _Fault | None:
        self.calls.append(f"{operation} {username}".strip())
        if not self.knows_our_login:
            raise Unauthorized("the provider refuses the login (401)")
        fault = self._draw(operation)
        if fault is not None and not fault.applied:
            raise fault.error
        return fault

    def _draw(self, operation: str) -> _Fault | None:
        if self._faults and self._faults[0].operation in {None, operation}:
            return self._faults.popleft()
        return None

    def _end(self, operation: str, username: str, fault: _Fault | None, *, changed: bool = True) -> None:
        if changed:
            self.changes.append(f"{operation} {username}")
        if fault is not None:
            raise fault.error

    def _customer(self, username: str) -> FakeCustomer:
        if username not in self.customers:
            raise Rejected("the provider refused: User not found", ("User not found",))
        return self.customers[username]


class FakeHealth:
    """A ProviderHealth that remembers what it was told, and says what a test has set."""

    def __init__(self) -> None:
        self.well: list[str] = []
        self.failures: list[tuple[str, ProviderError]] = []
        self.proven_at: float | None = None

    def succeeded(self, customer: str) -> None:
        """Remember it."""
        self.well.append(customer)

    def failed(self, customer: str, failure: ProviderError) -> None:
        """Remember it."""
        self.failures.append((customer, failure))

    def proven_well_at(self, _customer: str) -> float | None:
        """Say what was set."""
        return self.proven_at

"""What the provider in memory holds, and what each command does to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain, count

from messages.commands import (
    AddCredential,
    ChangePassword,
    ChangeUsername,
    Command,
    CreateCustomer,
    DeleteCustomer,
    RemoveCredential,
    RotateCredential,
    SetCommand,
    UpdateUserProfile,
)
from worker.errors import RefusalHint, Rejected

_UNLISTED_OF_A_CREATE = {"password", "ip", "ip_group", "free_user", "billing_date"}


@dataclass(slots=True)
class FakeCustomer:
    """One customer: its fields, whether they are listed or not, and the secrets that nobody can read."""

    fields: dict[str, str]
    password: str = ""
    credentials: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FakeAccounts:
    """Names are unique among customers, credentials, others' accounts and deleted customers, whatever their case.

    `accounts` maps the ids that `account-id` may name to usernames. With `deleted_stay_listed`, `leaving` are the
    customers that were deleted and are still in the list. `ignores_on_behalf_of`: v3 calls concern the reseller itself.
    """

    customers: dict[str, FakeCustomer] = field(default_factory=dict)
    taken_elsewhere: set[str] = field(default_factory=set)
    tombstones: set[str] = field(default_factory=set)
    accounts: dict[str, str] = field(default_factory=dict)
    leaving: dict[str, FakeCustomer] = field(default_factory=dict)
    deleted_stay_listed: bool = False
    ignores_on_behalf_of: bool = False
    own_name: str = "the-reseller"
    own_profile: dict[str, str] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, command: CreateCustomer) -> None:
        """Have the customer; it can send and log in."""
        given = {name: value for name, value in command.revealed().items() if name not in _UNLISTED_OF_A_CREATE}
        flags = {"id": str(next(self._numbers)), "active": "true", "website_access": "true", "address2": ""}
        self.customers[command.username] = FakeCustomer({**given, **flags}, command.password.get_secret_value())

    def apply(self, command: Command) -> bool:
        """Make the change; returns whether anything is different now. Raises Rejected when a rule forbids it."""
        match command:
            case CreateCustomer() | DeleteCustomer() | ChangeUsername():
                self._change_names(command)
                return True
            case AddCredential() | RemoveCredential():
                self._change_credentials(command)
                return True
            case RotateCredential():
                password = command.new_credential_password.get_secret_value()
                return _put(self._credentials(command), {command.credential_name: password})
            case ChangePassword():
                return self._set_password(command)
            case UpdateUserProfile():
                return _put(self._profile(command), _given(command, "on_behalf_of"))
            case SetCommand():
                listed = {name: value for name, value in command.listed().items() if name != "username"}
                return _put(self.customer(command.username).fields, listed)
            case _:
                raise TypeError(f"{type(command).__name__} changes nothing here")

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf acts on."""
        if self.ignores_on_behalf_of:
            return self.own_name
        _, is_account, number = on_behalf_of.partition("account-id ")
        name = self.accounts.get(number, "") if is_account else on_behalf_of
        return self.own_name if name == self.own_name else self.customer(name).fields["username"]

    def customer(self, username: str) -> FakeCustomer:
        """The customer that goes by that name, in whatever case."""
        named = (one for name, one in self.customers.items() if name.lower() == username.lower())
        customer = next(named, None)
        if customer is None:
            raise _not_found("User not found")
        return customer

    def listed(self) -> dict[str, FakeCustomer]:
        """Everybody in the list, by name."""
        return {**self.customers, **self.leaving}

    def _change_names(self, command: CreateCustomer | DeleteCustomer | ChangeUsername) -> None:
        match command:
            case CreateCustomer():
                self._refuse_taken(command.username)
                self.add(command)
            case DeleteCustomer():
                gone = self._take_out(command.username)
                name = gone.fields["username"]
                self.tombstones.add(name)
                self.leaving.update({name: gone} if self.deleted_stay_listed else {})
            case ChangeUsername():
                self.customer(command.username)
                self._refuse_taken(command.new_username)
                moved = self._take_out(command.username)
                moved.fields["username"] = command.new_username
                self.customers[command.new_username] = moved

    def _take_out(self, username: str) -> FakeCustomer:
        return self.customers.pop(self.customer(username).fields["username"])

    def _change_credentials(self, command: AddCredential | RemoveCredential) -> None:
        if isinstance(command, RemoveCredential):
            del self._credentials(command)[command.credential_name]
            return
        customer = self.customer(command.username)
        self._refuse_taken(command.credential_name)
        customer.credentials[command.credential_name] = command.credential_password.get_secret_value()

    def _credentials(self, command: RotateCredential | RemoveCredential) -> dict[str, str]:
        credentials = self.customer(command.username).credentials
        if command.credential_name not in credentials:
            raise _not_found("no such credential")
        return credentials

    def _set_password(self, command: ChangePassword) -> bool:
        customer, password = self.customer(command.username), command.password.get_secret_value()
        changed = customer.password != password
        customer.password = password
        return changed

    def _profile(self, command: UpdateUserProfile) -> dict[str, str]:
        target = self.acting_for(command.on_behalf_of)
        return self.own_profile if target == self.own_name else self.customers[target].fields

    def _refuse_taken(self, name: str) -> None:
        credentials = chain.from_iterable(customer.credentials for customer in self.customers.values())
        names = {*self.customers, *self.taken_elsewhere, *self.tombstones, *credentials, self.own_name}
        if name.lower() in {taken.lower() for taken in names}:
            raise Rejected("the provider refused: taken", ("taken",), RefusalHint.TAKEN)


def _given(command: Command, addressee: str) -> dict[str, str]:
    return {name: value for name, value in command.revealed().items() if name != addressee}


def _put(place: dict[str, str], values: Mapping[str, str]) -> bool:
    changed = any(place.get(name) != value for name, value in values.items())
    place.update(values)
    return changed


def _not_found(words: str) -> Rejected:
    return Rejected(f"the provider refused: {words}", (words,), RefusalHint.NOT_FOUND)

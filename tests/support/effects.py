"""What commands must change at the provider, and what must be there at the end: played over what is known of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sandbox.provider.accounts.snapshot import AccountsSnapshot, CustomerSnapshot
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.calls import Operation
from tests.support.commands import Command
from worker.provider.calls import RULES

#: One change of state as the journal shows it: the operation, the customer, what of it (a credential, the new username
#: or email) and the new secret's digest.
Change = tuple[Operation, str, str, str]

Digest = Callable[[str], str]

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        **{model.__name__: Operation(rule.operation) for model, rule in RULES.items()},
        "UpdateUserProfile": Operation.USER_PROFILE_UPDATE,
    }
)
_SECRETS = ("password", "credential_password", "new_credential_password")
#: These name somebody, or are kept by the provider in another form than they are sent in.
_NOT_KEPT_AS_SENT = {"username", "on_behalf_of", "password", "ip", "ip_group", "billing_date", "free_user"}
_FLAGS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "EnableCustomer": {"active": True},
        "DisableCustomer": {"active": False},
        "EnableWebsiteAccess": {"website_access": True},
        "DisableWebsiteAccess": {"website_access": False},
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """A command beside the one change that it must make."""

    command: Command
    change: Change


def change_in(entry: JournalEntry) -> Change:
    """What a line of the journal says was changed."""
    email = entry.email if entry.operation is Operation.SET_EMAIL else ""
    what = entry.credential_name or entry.new_username or email
    return entry.operation, entry.username.lower(), what, entry.secret_digest or ""


@dataclass(slots=True)
class Play:
    """Plays commands in their order. A customer is known by what they set; None is a customer that is gone.

    What was there before is not known: the first command that sets a value is taken to change it.
    """

    digest: Digest
    customers: dict[str, dict[str, object] | None] = field(default_factory=dict)

    def steps(self, commands: Sequence[Command]) -> Iterator[Step]:
        """The changes that must be made; setting a value that is already there is none."""
        for command in commands:
            if command.type in OPERATIONS and self._changes(command):
                yield Step(command, self._change_of(command))

    def differences(self, state: AccountsSnapshot) -> Iterator[tuple[str, str]]:
        """Each customer that is not as the commands played so far must have left it, and in what."""
        there = {username.lower(): customer for username, customer in state.customers.items()}
        for username, wanted in self.customers.items():
            found = there.get(username)
            if (found is None) != (wanted is None):
                yield username, "is gone" if found is None else "is still there"
            elif found is not None and wanted is not None:
                yield from ((username, what) for what in _differences(found, wanted))

    def _changes(self, command: Command) -> bool:
        username = command.username.lower()
        known = self.customers.get(username) or {}
        match command.type:
            case "DeleteCustomer":
                self.customers[username] = None
                return True
            case "ChangeUsername":
                self.customers[username] = None
                self.customers[command.data["new_username"].lower()] = known
                return True
            case _:
                wanted = self._values_of(command)
                self.customers[username] = known | wanted
                return not wanted.items() <= known.items()

    def _values_of(self, command: Command) -> dict[str, object]:
        """What it sets, under the names that the stand-in's state has for it."""
        data = command.data
        match command.type:
            case "CreateCustomer":
                fields = {name: value for name, value in data.items() if name not in _NOT_KEPT_AS_SENT}
                return {"active": True, "website_access": True, **fields, **self._password_of(command)}
            case "ChangePassword":
                return self._password_of(command)
            case "AddCredential" | "RotateCredential":
                return {_credential(data["credential_name"]): self._secret_of(command)}
            case "RemoveCredential":
                return {_credential(data["credential_name"]): None}
            case _:
                fields = {name: value for name, value in data.items() if name not in _NOT_KEPT_AS_SENT}
                return {**fields, **_FLAGS.get(command.type, {})}

    def _password_of(self, command: Command) -> dict[str, object]:
        return {"password_digest": self._secret_of(command)}

    def _secret_of(self, command: Command) -> str:
        secret = next((command.data[name] for name in _SECRETS if name in command.data), None)
        return "" if secret is None else self.digest(secret)

    def _change_of(self, command: Command) -> Change:
        operation, data = OPERATIONS[command.type], command.data
        email = data["email"] if operation is Operation.SET_EMAIL else ""
        what = str(data.get("credential_name") or data.get("new_username") or email)
        return operation, command.username.lower(), what, self._secret_of(command)


def _credential(name: str) -> str:
    return f"credential {name.lower()}"


def _differences(found: CustomerSnapshot, wanted: Mapping[str, object]) -> Iterator[str]:
    credentials = {_credential(name): digest for name, digest in found.credentials.items()}
    for name, value in wanted.items():
        is_there = credentials.get(name) if name.startswith("credential ") else getattr(found, name)
        if is_there != value:
            yield f"has not the {name} that its last command gave"

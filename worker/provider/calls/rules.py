"""Which command is which call of the v2 API: one row each. All that differs between the commands is in this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from messages import commands
from messages.commands import Command
from worker.provider.config import Operation

Form = list[tuple[str, str]]

_CUSTOMER_IS_USER = MappingProxyType({"username": "user"})
#: Where only `user` names the customer, `username` is free for the new one.
_RENAMED = MappingProxyType({"username": "user", "new_username": "username"})


@dataclass(frozen=True, slots=True)
class Rule:
    """The operation, the last piece of its path, the renamed fields, and the arguments that are always the same."""

    operation: Operation
    action: str
    names: Mapping[str, str]
    fixed: tuple[tuple[str, str], ...] = ()


def _manage(operation: Operation, method: str, task: str = "", names: Mapping[str, str] = _CUSTOMER_IS_USER) -> Rule:
    fixed = (("method", method), ("task", task)) if task else (("method", method),)
    return Rule(operation, "manage", names, fixed)


def _credential(operation: Operation, task: str) -> Rule:
    return Rule(operation, "credential", _CUSTOMER_IS_USER, (("task", task),))


RULES: Mapping[type[Command], Rule] = MappingProxyType(
    {
        # The create alone names its customer `username`.
        commands.CreateCustomer: Rule(Operation.ADD, "add", MappingProxyType({})),
        commands.DeleteCustomer: Rule(Operation.DELETE, "delete", _CUSTOMER_IS_USER),
        commands.EnableCustomer: _manage(Operation.ENABLE, "enable"),
        commands.DisableCustomer: _manage(Operation.DISABLE, "disable"),
        commands.EnableWebsiteAccess: _manage(Operation.WEBSITE_ENABLE, "website_enable"),
        commands.DisableWebsiteAccess: _manage(Operation.WEBSITE_DISABLE, "website_disable"),
        commands.UpdateProfile: _manage(Operation.SET_PROFILE, "profile", "set"),
        commands.ChangePassword: _manage(Operation.SET_PASSWORD, "password"),
        commands.ChangeUsername: _manage(Operation.SET_USERNAME, "profile", "setUsername", _RENAMED),
        # The documents' table says `password` here and their URLs `profile`; the former is the call above.
        commands.ChangeEmail: _manage(Operation.SET_EMAIL, "profile", "setEmail"),
        commands.AddCredential: _credential(Operation.CREDENTIAL_ADD, "add"),
        commands.RotateCredential: _credential(Operation.CREDENTIAL_EDIT, "edit"),
        commands.RemoveCredential: _credential(Operation.CREDENTIAL_DELETE, "delete"),
    }
)


def form_of(rule: Rule, command: Command) -> Form:
    """The arguments of the call; a customer's password is sent twice, as the provider asks."""
    form: Form = list(rule.fixed)
    for name, value in command.revealed().items():
        form += _arguments(rule.names.get(name, name), value)
    if isinstance(command, commands.CreateCustomer | commands.ChangePassword):
        form.append(("confirm_password", command.password.get_secret_value()))
    return form


def _arguments(name: str, value: object) -> Form:
    if isinstance(value, str):
        return [(name, value)]
    if isinstance(value, tuple):
        return [(f"{name}[]", str(entry)) for entry in value]
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    return [(name, str(value))]

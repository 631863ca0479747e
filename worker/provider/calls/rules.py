"""Which command is which call of the v2 API: one row each. All that differs between the commands is in this table."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from messages import commands
from messages.commands import Command

Form = list[tuple[str, str]]

_CUSTOMER_IS_USER = MappingProxyType({"username": "user"})
#: Where only `user` names the customer, `username` is free for the new one.
_RENAMED = MappingProxyType({"username": "user", "new_username": "username"})


@dataclass(frozen=True, slots=True)
class CallRule:
    """The last piece of its path, the renamed fields, and the arguments that are always the same.

    `operation` is its name in the metrics.
    """

    operation: str
    action: str
    names: Mapping[str, str]
    fixed: tuple[tuple[str, str], ...] = ()


def _manage(operation: str, method: str, task: str = "", names: Mapping[str, str] = _CUSTOMER_IS_USER) -> CallRule:
    fixed = (("method", method), ("task", task)) if task else (("method", method),)
    return CallRule(operation, "manage", names, fixed)


def _credential(operation: str, task: str) -> CallRule:
    return CallRule(operation, "credential", _CUSTOMER_IS_USER, (("task", task),))


RULES: Mapping[type[Command], CallRule] = MappingProxyType(
    {
        # The create alone names its customer `username`.
        commands.CreateCustomer: CallRule("add", "add", MappingProxyType({})),
        commands.DeleteCustomer: CallRule("delete", "delete", _CUSTOMER_IS_USER),
        commands.EnableCustomer: _manage("enable", "enable"),
        commands.DisableCustomer: _manage("disable", "disable"),
        commands.EnableWebsiteAccess: _manage("website_enable", "website_enable"),
        commands.DisableWebsiteAccess: _manage("website_disable", "website_disable"),
        commands.UpdateProfile: _manage("set_profile", "profile", "set"),
        commands.ChangePassword: _manage("set_password", "password"),
        commands.ChangeUsername: _manage("set_username", "profile", "setUsername", _RENAMED),
        # The documents' table says `password` here and their URLs `profile`; the former is the call above.
        commands.ChangeEmail: _manage("set_email", "profile", "setEmail"),
        commands.AddCredential: _credential("credential_add", "add"),
        commands.RotateCredential: _credential("credential_edit", "edit"),
        commands.RemoveCredential: _credential("credential_delete", "delete"),
    }
)


def form_of(rule: CallRule, command: Command) -> Form:
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

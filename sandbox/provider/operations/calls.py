"""A call as the provider sees it: its arguments, the operation they name, and what the operation may look at."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl

from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.state import Accounts, Customer, Reseller
from sandbox.provider.settings import Switches


class Operation(StrEnum):
    """The provider's operations; `unknown` is a call that names none of them."""

    ADD = "add"
    DELETE = "delete"
    RETRIEVE = "retrieve"
    ENABLE = "enable"
    DISABLE = "disable"
    WEBSITE_ENABLE = "website_enable"
    WEBSITE_DISABLE = "website_disable"
    SET_PROFILE = "set_profile"
    SET_PASSWORD = "set_password"  # noqa: S105 - an operation's name
    SET_USERNAME = "set_username"
    SET_EMAIL = "set_email"
    CREDENTIAL_ADD = "credential_add"
    CREDENTIAL_EDIT = "credential_edit"
    CREDENTIAL_DELETE = "credential_delete"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Form:
    """A call's arguments. `values` are the plain ones, `lists` those named with `[]`, under the name without it."""

    values: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """The argument's value; empty when it was not sent, as the provider does not tell the two apart."""
        return self.values.get(name, "")

    def all_of(self, name: str) -> tuple[str, ...]:
        """Every value of a list argument: `ip` for `ip[]=...&ip[]=...`. A bare `ip=` is another argument."""
        return self.lists.get(name, ())


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call and all that its operation may look at or change."""

    accounts: Accounts
    reseller: Reseller
    form: Form
    switches: Switches
    seal: Seal

    def customer(self) -> Customer | None:
        """The reseller's own customer that the argument `user` names."""
        return self.accounts.customer(self.reseller, self.form.get("user"))

    def today(self) -> date:
        """The provider's calendar date: the switch's, or the machine's in UTC."""
        return self.switches.today or datetime.now(UTC).date()


def parse_form(*parts: bytes) -> Form:
    """Merges urlencoded parts (the query, then the body); a plain argument sent twice has its last value."""
    values: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    for part in parts:
        for name, value in parse_qsl(part.decode("utf-8", "replace"), keep_blank_values=True):
            if name.endswith("[]"):
                lists[name[:-2]] = (*lists.get(name[:-2], ()), value)
            else:
                values[name] = value
    return Form(values, lists)


_PATH: Final = re.compile(r"/apiv2/reseller\.(?P<action>\w+)\.json")
_BY_ACTION: Final = MappingProxyType({"add": Operation.ADD, "delete": Operation.DELETE})
_BY_METHOD: Final = MappingProxyType(
    {
        "enable": Operation.ENABLE,
        "disable": Operation.DISABLE,
        "website_enable": Operation.WEBSITE_ENABLE,
        "website_disable": Operation.WEBSITE_DISABLE,
        "password": Operation.SET_PASSWORD,
    }
)
_BY_PROFILE_TASK: Final = MappingProxyType(
    {
        "get": Operation.RETRIEVE,
        "set": Operation.SET_PROFILE,
        "setUsername": Operation.SET_USERNAME,
        "setEmail": Operation.SET_EMAIL,
    }
)
_BY_CREDENTIAL_TASK: Final = MappingProxyType(
    {
        "add": Operation.CREDENTIAL_ADD,
        "edit": Operation.CREDENTIAL_EDIT,
        "delete": Operation.CREDENTIAL_DELETE,
    }
)


def operation_of(verb: str, path: str, form: Form) -> Operation:
    """Which operation a call names; tasks are compared with their case, and a near miss is unknown."""
    named = _PATH.fullmatch(path)
    if named is None or verb not in {"GET", "POST"}:
        return Operation.UNKNOWN
    action, method, task = named["action"], form.get("method"), form.get("task")
    if action == "credential":
        return _BY_CREDENTIAL_TASK.get(task, Operation.UNKNOWN)
    if action != "manage":
        return _BY_ACTION.get(action, Operation.UNKNOWN)
    if method == "profile":
        return _BY_PROFILE_TASK.get(task, Operation.UNKNOWN)
    # The method decides before the task, so a password call with a profile's task stays a password call.
    return _BY_METHOD.get(method, Operation.UNKNOWN)


def username_of(operation: Operation, form: Form) -> str:
    """The customer a call is about: create and search name it `username`, all others `user` (disable: either)."""
    if operation in {Operation.ADD, Operation.RETRIEVE}:
        return form.get("username")
    if operation is Operation.DISABLE:
        return form.get("user") or form.get("username")
    return form.get("user")

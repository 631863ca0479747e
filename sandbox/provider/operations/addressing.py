"""Which operation a call names, in which edition and format, and which customer it is about."""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sandbox.provider.operations.calls import Edition, Form, Format, Operation

_OLDER: Final = re.compile(r"/(?P<prefix>apiv2/reseller|api/distributor)\.(?P<action>[^/.]*)\.(?P<format>[^/.]*)")
_EDITIONS: Final = MappingProxyType({"apiv2/reseller": Edition.RESELLER, "api/distributor": Edition.DISTRIBUTOR})
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
_NEWER: Final = MappingProxyType(
    {
        ("PATCH", "/v3/user/profile"): Operation.USER_PROFILE_UPDATE,
        ("GET", "/v3/user/profile"): Operation.USER_PROFILE,
        ("GET", "/v3/user/username"): Operation.USER_USERNAME,
    }
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a call went; what cannot be told from its path is answered in JSON."""

    edition: Edition
    format: Format
    operation: Operation


def address_of(verb: str, path: str, form: Form) -> Address:
    """Reads verb, path, method and task; tasks are compared with their case, and a near miss is unknown."""
    if path.startswith("/v3/"):
        return Address(Edition.V3, Format.JSON, _NEWER.get((verb, path), Operation.UNKNOWN))
    named = _OLDER.fullmatch(path)
    if named is None:
        return Address(Edition.NONE, Format.JSON, Operation.UNKNOWN)
    edition, is_xml = _EDITIONS[named["prefix"]], named["format"] == Format.XML
    is_served = verb in {"GET", "POST"} and (is_xml or named["format"] == Format.JSON)
    operation = _operation(edition, named["action"], form) if is_served else Operation.UNKNOWN
    return Address(edition, Format.XML if is_xml else Format.JSON, operation)


def _operation(edition: Edition, action: str, form: Form) -> Operation:
    """The operation that an action, its method and its task name."""
    method, task = form.get("method"), form.get("task")
    if action == "credential" and edition is Edition.RESELLER:  # the other edition's documents have no credentials
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

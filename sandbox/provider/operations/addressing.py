"""Which operation a call names, in which edition and format, and which customer it is about."""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from sandbox.provider.operations.calls import Edition, Form, Format, Operation
from sandbox.provider.operations.registry import SERVED

_OLDER: Final = re.compile(r"/(?P<prefix>apiv2/reseller|api/distributor)\.(?P<action>[^/.]*)\.(?P<format>[^/.]*)")
_EDITIONS: Final = MappingProxyType({"apiv2/reseller": Edition.RESELLER, "api/distributor": Edition.DISTRIBUTOR})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a call went; what cannot be seen from its path is answered in JSON."""

    edition: Edition
    format: Format
    operation: Operation


def address_of(verb: str, path: str, form: Form) -> Address:
    """Reads verb, path, method and task; tasks are compared with their case, and a near miss is unknown."""
    if path.startswith("/v3/"):
        return Address(Edition.V3, Format.JSON, _named(verb, path))
    named = _OLDER.fullmatch(path)
    if named is None:
        return Address(Edition.NONE, Format.JSON, Operation.UNKNOWN)
    edition, is_xml = _EDITIONS[named["prefix"]], named["format"] == Format.XML
    is_served = verb in {"GET", "POST"} and (is_xml or named["format"] == Format.JSON)
    operation = _older(edition, named["action"], form) if is_served else Operation.UNKNOWN
    return Address(edition, Format.XML if is_xml else Format.JSON, operation)


def _older(edition: Edition, action: str, form: Form) -> Operation:
    """The operation that an action, its method and its task name."""
    method, task = form.get("method"), form.get("task")
    match action, method:
        case "credential", _:
            # The other edition's documents have no credentials.
            return _named(action, task) if edition is Edition.RESELLER else Operation.UNKNOWN
        case "manage", "profile":
            return _named(action, method, task)
        case "manage", _:
            # The method decides before the task, so a password call with a profile's task stays a password call.
            return _named(action, method)
        case _:
            return _named(action)


def _named(*names: str) -> Operation:
    served = SERVED.get(names)
    return Operation.UNKNOWN if served is None else served.operation


def username_of(operation: Operation, form: Form) -> str:
    """The customer a call is about: create and search name it `username`, all others `user` (disable: either)."""
    if operation in {Operation.ADD, Operation.RETRIEVE}:
        return form.get("username")
    if operation is Operation.DISABLE:
        return form.get("user") or form.get("username")
    return form.get("user")

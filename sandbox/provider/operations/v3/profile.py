"""The newer API's three calls: read a profile, change fields of it, say whose it is."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from http import HTTPStatus
from typing import Final

from sandbox.provider.accounts.records import Customer, Profile, Reseller
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Document, Reply, V3Refused
from sandbox.provider.operations.served import Served
from sandbox.provider.operations.v3.targets import target_of

_FIELDS: Final = tuple(field.name for field in fields(Profile))


def update_profile(call: ServedCall) -> Reply:
    """Sets the fields that were sent, an empty text included, and answers with the whole profile."""
    target = target_of(call)
    if isinstance(target, V3Refused):
        return target
    changes = _changes(call.body)
    if isinstance(changes, V3Refused):
        return changes
    if isinstance(target, Customer):
        changed: Customer | Reseller = replace(target, **changes)  # type: ignore[arg-type]  # names of text fields
    else:
        changed = replace(target, profile=replace(target.profile, **changes))
    _put(call, changed)
    return Document(_profile(changed), is_read=False)


def get_profile(call: ServedCall) -> Reply:
    """All eleven fields."""
    target = target_of(call)
    return target if isinstance(target, V3Refused) else Document(_profile(target))


def get_username(call: ServedCall) -> Reply:
    """The name and the number of whom a call with these headers acts on."""
    target = target_of(call)
    if isinstance(target, V3Refused):
        return target
    username = target.username if isinstance(target, Customer) else target.api_user
    return Document({"username": username, "user_id": target.number})


def _put(call: ServedCall, changed: Customer | Reseller) -> None:
    if isinstance(changed, Customer):
        call.accounts.put_customer(changed)
    else:
        call.accounts.put_reseller(changed)


def _profile(target: Customer | Reseller) -> Mapping[str, str]:
    source = target if isinstance(target, Customer) else target.profile
    return {name: getattr(source, name) for name in _FIELDS}


def _changes(body: bytes) -> Mapping[str, str] | V3Refused:
    """The fields to set, or what is wrong with the body; what is no field of a profile is ignored."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return V3Refused(HTTPStatus.BAD_REQUEST, "invalid JSON")
    if not isinstance(document, dict):
        return V3Refused(HTTPStatus.BAD_REQUEST, "the body must be an object")
    changes = {name: document[name] for name in _FIELDS if name in document}
    wrong = next((name for name, value in changes.items() if not _is_text(value)), None)
    if wrong is not None:
        return V3Refused(HTTPStatus.BAD_REQUEST, f"{wrong} must be a string", wrong)
    return changes or V3Refused(HTTPStatus.BAD_REQUEST, "no fields provided")


def _is_text(value: object) -> bool:
    """Whether it is a string that can be written down: JSON can also spell half a character."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


SERVED: Final = (
    Served(Operation.USER_PROFILE_UPDATE, update_profile, ("PATCH", "/v3/user/profile")),
    Served(Operation.USER_PROFILE, get_profile, ("GET", "/v3/user/profile")),
    Served(Operation.USER_USERNAME, get_username, ("GET", "/v3/user/username")),
)

"""Which function does which operation, and what became of the state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sandbox.provider.operations.calls import Call, Operation
from sandbox.provider.operations.credentials import add_credential, delete_credential, edit_credential
from sandbox.provider.operations.customers.access import disable, disable_website, enable, enable_website
from sandbox.provider.operations.customers.changes import set_email, set_password, set_profile, set_username
from sandbox.provider.operations.customers.closing import delete
from sandbox.provider.operations.customers.creation import add
from sandbox.provider.operations.customers.retrieval import retrieve
from sandbox.provider.operations.replies import Document, Reply, Rows, Success
from sandbox.provider.operations.v3.profile import get_profile, get_username, update_profile


class Effect(StrEnum):
    """What a call did to the state.

    `changed`: it differs now. `unchanged`: the call succeeded and set what was already set. `refused`: the provider
    said no. `read`: nothing was to be set. `not_applied`: a fault or the throttle kept the call from its operation.
    """

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    READ = "read"
    NOT_APPLIED = "not_applied"


@dataclass(frozen=True, slots=True)
class Performed:
    """What the provider would say, and what became of the state whether or not it gets to say it."""

    reply: Reply
    effect: Effect


_OPERATIONS: Final[Mapping[Operation, Callable[[Call], Reply]]] = MappingProxyType(
    {
        Operation.ADD: add,
        Operation.DELETE: delete,
        Operation.RETRIEVE: retrieve,
        Operation.ENABLE: enable,
        Operation.DISABLE: disable,
        Operation.WEBSITE_ENABLE: enable_website,
        Operation.WEBSITE_DISABLE: disable_website,
        Operation.SET_PROFILE: set_profile,
        Operation.SET_PASSWORD: set_password,
        Operation.SET_USERNAME: set_username,
        Operation.SET_EMAIL: set_email,
        Operation.CREDENTIAL_ADD: add_credential,
        Operation.CREDENTIAL_EDIT: edit_credential,
        Operation.CREDENTIAL_DELETE: delete_credential,
        Operation.USER_PROFILE_UPDATE: update_profile,
        Operation.USER_PROFILE: get_profile,
        Operation.USER_USERNAME: get_username,
    }
)


def perform(operation: Operation, call: Call) -> Performed:
    """Does one operation, of those that there are, from start to end."""
    call.accounts.close_due(call.today())
    before = call.accounts.version
    reply = _OPERATIONS[operation](call)
    return Performed(reply, _effect(reply, has_changed=call.accounts.version != before))


def _effect(reply: Reply, *, has_changed: bool) -> Effect:
    match reply:
        case Success() | Document(is_read=False):
            return Effect.CHANGED if has_changed else Effect.UNCHANGED
        case Rows() | Document():
            return Effect.READ
        case _:
            return Effect.REFUSED

"""Which function does which operation, and what became of the state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sandbox.provider.operations.calls import Call, Operation
from sandbox.provider.operations.creation import add
from sandbox.provider.operations.credentials import add_credential, edit_credential
from sandbox.provider.operations.replies import NO_SUCH_CALL, Reply, Rows, Success
from sandbox.provider.operations.retrieval import retrieve
from sandbox.provider.operations.sending import disable, enable


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
        Operation.RETRIEVE: retrieve,
        Operation.ENABLE: enable,
        Operation.DISABLE: disable,
        Operation.CREDENTIAL_ADD: add_credential,
        Operation.CREDENTIAL_EDIT: edit_credential,
    }
)


def perform(operation: Operation, call: Call) -> Performed:
    """Does one operation from start to end; one that this stand-in does not serve is answered as an unknown call."""
    function = _OPERATIONS.get(operation)
    if function is None:
        return Performed(NO_SUCH_CALL, Effect.REFUSED)
    before = call.accounts.version
    reply = function(call)
    return Performed(reply, _effect(reply, has_changed=call.accounts.version != before))


def _effect(reply: Reply, *, has_changed: bool) -> Effect:
    match reply:
        case Success():
            return Effect.CHANGED if has_changed else Effect.UNCHANGED
        case Rows():
            return Effect.READ
        case _:
            return Effect.REFUSED

"""All operations that are served, by what names them, and what became of the state."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from sandbox.provider.operations import credentials
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.customers import access, changes, closing, creation, retrieval
from sandbox.provider.operations.replies import Document, Reply, Rows, SuccessReply
from sandbox.provider.operations.served import Served
from sandbox.provider.operations.v3 import profile


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


SERVED: Final[Mapping[tuple[str, ...], Served]] = MappingProxyType(
    {
        served.names: served
        for module in (creation, closing, retrieval, access, changes, credentials, profile)
        for served in module.SERVED
    }
)
_FUNCTIONS: Final = MappingProxyType({served.operation: served.do for served in SERVED.values()})


def perform(operation: Operation, call: ServedCall) -> Performed:
    """Does one operation, of those that there are, from start to end."""
    call.accounts.close_due(call.today())
    before = call.accounts.version
    reply = _FUNCTIONS[operation](call)
    return Performed(reply, _effect(reply, has_changed=call.accounts.version != before))


def _effect(reply: Reply, *, has_changed: bool) -> Effect:
    match reply:
        case SuccessReply() | Document(is_read=False):
            return Effect.CHANGED if has_changed else Effect.UNCHANGED
        case Rows() | Document():
            return Effect.READ
        case _:
            return Effect.REFUSED

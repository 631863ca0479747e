"""One call to the provider, not yet made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from worker.provider.config import Login
from worker.provider.wire.transport import HttpAnswer, HttpRequest

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProviderCall(Generic[T]):
    """What is sent, how its answer is understood, and what must not be repeated to people.

    The request is made for each try anew: the login may have been changed in its file meanwhile.
    """

    operation: str
    request: Callable[[Login], HttpRequest] = field(repr=False)
    understand: Callable[[HttpAnswer], T]
    #: Asked for after a failure only: looking through all fields of a command costs.
    secrets: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False)

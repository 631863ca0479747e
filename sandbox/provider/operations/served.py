"""An operation as the stand-in serves it."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.provider.operations.calls import Call, Operation
from sandbox.provider.operations.replies import Reply


@dataclass(frozen=True, slots=True)
class Served:
    """The operation, the function that does it, and what names it.

    In the older API `names` are the action, and the method and the task where they decide; in the newer one the verb
    and the path.
    """

    operation: Operation
    do: Callable[[Call], Reply]
    names: tuple[str, ...]

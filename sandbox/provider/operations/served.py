"""An operation as the stand-in serves it."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Reply


@dataclass(frozen=True, slots=True)
class Served:
    """The operation, the function that does it, and what names it.

    In the older API `names` are the action, and the method and the task where they decide; in the newer one the verb
    and the path.
    """

    operation: Operation
    do: Callable[[ServedCall], Reply]
    names: tuple[str, ...]

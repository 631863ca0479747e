"""What the broker's room tells about itself: for logs and metrics."""

from collections.abc import Sequence
from typing import Protocol

from worker.broker.address import Role


class BrokerObserver(Protocol):
    """Called on a connection's own thread: quick, never raising. Texts never hold a secret."""

    def connected(self, role: Role) -> None:
        """The connection can do its work now; every call after the first is a reconnect."""

    def disconnected(self, role: Role, reason: str) -> None:
        """A connection that could do its work is gone."""

    def unreachable(self, role: Role, reason: str, retry_seconds: float) -> None:
        """An attempt came to nothing; the next one follows after `retry_seconds`. Also follows each `disconnected`."""

    def blocked(self, reason: str | None) -> None:
        """The broker takes no messages now (it is short of memory or disk); None when it takes them again."""

    def declared_again(self, items: Sequence[str]) -> None:
        """These were gone while the worker ran, and are there again."""

    def topology_faults(self, faults: Sequence[str]) -> None:
        """What is missing now, each with what to do about it; told when it changes, empty when nothing is any more."""

    def crashed(self, role: Role, error: BaseException) -> None:
        """A callback of ours failed. The connection is given up and opened anew."""


class PublishListener(Protocol):
    """Who must know, also while nothing is in hand, whether what is published is taken.

    Called on the connection's own thread: quick, never raising.
    """

    def hindered(self, reason: str) -> None:
        """Nothing is taken from now on, for this reason; told again when the reason changes."""

    def unhindered(self) -> None:
        """The broker takes messages (again)."""


class SilentObserver:
    """Tells nobody. For one-shot commands, and where a test does not look."""

    def connected(self, role: Role) -> None:
        """Say nothing."""

    def disconnected(self, role: Role, reason: str) -> None:
        """Say nothing."""

    def unreachable(self, role: Role, reason: str, retry_seconds: float) -> None:
        """Say nothing."""

    def blocked(self, reason: str | None) -> None:
        """Say nothing."""

    def declared_again(self, items: Sequence[str]) -> None:
        """Say nothing."""

    def topology_faults(self, faults: Sequence[str]) -> None:
        """Say nothing."""

    def crashed(self, role: Role, error: BaseException) -> None:
        """Say nothing."""

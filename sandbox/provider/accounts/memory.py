"""What becomes of the books between a call and the next, and between one start and the next."""

from typing import Protocol

from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.seed import Seed, open_accounts
from sandbox.provider.accounts.state import Accounts


class Memory(Protocol):
    """Where a stand-in's books are kept. Its `seal` makes every digest in them."""

    seal: Seal

    def recall(self, seed: Seed) -> Accounts:
        """The books as they were left, or those of the seed when there are none."""

    def begin_again(self, seed: Seed) -> Accounts:
        """The books of the seed; whatever was kept is gone."""

    def keep(self, accounts: Accounts) -> None:
        """Keeps what has changed in the books since the last time. Must be done before the answer leaves."""


class Forgetful:
    """Keeps nothing: the books live and die with the process."""

    def __init__(self) -> None:
        self.seal = Seal()

    def recall(self, seed: Seed) -> Accounts:
        """The books of the seed."""
        return open_accounts(seed, self.seal)

    def begin_again(self, seed: Seed) -> Accounts:
        """The books of the seed."""
        return open_accounts(seed, self.seal)

    def keep(self, accounts: Accounts) -> None:
        """Nothing to do."""

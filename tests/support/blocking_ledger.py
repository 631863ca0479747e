"""A ledger whose caller waits: what the stages ask for as futures, as plain calls."""

from typing import Protocol

from worker.domain.claims import Claim, ClaimRequest, Token
from worker.domain.endings import Deferral, Ending, Refusal
from worker.domain.ports import Ledger
from worker.ledger.sql_ledger import SqlLedger
from worker.ledger.write.writer import wait_for


class PlainLedger(Ledger, Protocol):
    """The port, and the same as plain calls."""

    def claim(self, request: ClaimRequest) -> Claim:
        """Take the command, or learn what became of it."""

    def record(self, token: Token, ending: Ending) -> None:
        """Write down how it ended."""

    def defer(self, token: Token, deferral: Deferral) -> None:
        """Write down a failed attempt."""

    def refuse(self, refusal: Refusal) -> Refusal:
        """Keep a refusal."""


class BlockingLedger(SqlLedger):
    """The real one. A call that is not answered within the ledger's deadline raises LedgerUnavailable."""

    def claim(self, request: ClaimRequest) -> Claim:
        """Take the command, or learn what became of it."""
        return wait_for(self.claim_soon(request), self._deadline_seconds)

    def record(self, token: Token, ending: Ending) -> None:
        """Write down how it ended."""
        wait_for(self.record_soon(token, ending), self._deadline_seconds)

    def defer(self, token: Token, deferral: Deferral) -> None:
        """Write down a failed attempt."""
        wait_for(self.defer_soon(token, deferral), self._deadline_seconds)

    def refuse(self, refusal: Refusal) -> Refusal:
        """Keep a refusal."""
        return wait_for(self.refuse_soon(refusal), self._deadline_seconds)

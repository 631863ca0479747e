"""A command, the real handlers and the real client, a stand-in on a socket: from the first attempt to the end.

The ledger is a fake one and its clock jumps over the waits; the provider's answers take the time they take.
"""

from dataclasses import dataclass

from messages.results import Outcome, Reason
from sandbox.provider.accounts.snapshot import AccountsSnapshot
from sandbox.provider.faults import FaultRule
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.settings import Switches
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.provider import FakeHealth
from tests.fakes.telemetry import RecordingTelemetry
from tests.matrix.cases import LOGIN
from tests.support.commands import Command
from tests.support.work_samples import work_of
from worker.domain.claims import Fresh, Resumed
from worker.domain.endings import Closing, Deferral, Finished
from worker.domain.retry_policy import RetryPolicy
from worker.domain.work import Requested
from worker.handlers import Handlers
from worker.pipeline.attempt import AttemptRunner, RetryContext
from worker.provider.client import ProviderClient
from worker.provider.config import Edition, Format, ProviderConfig

#: Above what a busy machine needs for an answer.
PATIENCE_SECONDS = 60.0
_MAX_ATTEMPTS = 12
_POLICY = RetryPolicy(max_attempts=8, window_seconds=3600.0, base_seconds=1.0, cap_seconds=2.0, settle_seconds=1.0)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One of the provider's editions in one format."""

    edition: Edition
    format: Format

    def __str__(self) -> str:
        return f"{self.edition}-{self.format}"


@dataclass(frozen=True, slots=True)
class End:
    """How a command ended, and what it left at the provider (`version` counts changes of state)."""

    outcome: Outcome
    reason: Reason | None
    event: bytes
    attempts: int
    state: AccountsSnapshot


class MatrixRig:
    """One stand-in, played on again and again."""

    def __init__(self, sandbox: RemoteSandbox) -> None:
        self.sandbox = sandbox

    def play(
        self,
        command: Command,
        dialect: Dialect,
        *rules: FaultRule,
        switches: Switches | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> End:
        """Run the command to its end, with these faults in force, on a provider fresh from its seed."""
        self.sandbox.reset()
        if switches is not None:
            self.sandbox.set_switches(switches)
        if rules:
            self.sandbox.inject(*rules)
        client = self._client(dialect, patience_seconds)
        try:
            finished, attempts = self._run(client, command)
        finally:
            client.close()
        dead_letter = finished.ending.dead_letter
        reason = None if dead_letter is None else dead_letter.reason
        # Whatever still waits to be applied is waited for: it must not change what is looked at.
        return End(finished.outcome, reason, finished.ending.event.body, attempts, self._settled_state())

    def _client(self, dialect: Dialect, patience_seconds: float) -> ProviderClient:
        config = ProviderConfig(
            base_url=self.sandbox.url,
            login=LOGIN,
            edition=dialect.edition,
            format=dialect.format,
            timeout_seconds=patience_seconds,
            concurrency=1,
        )
        return ProviderClient(config, lambda: True)

    def _settled_state(self) -> AccountsSnapshot:
        self._await_settled()
        return self.sandbox.state()

    def _await_settled(self) -> None:
        while self.sandbox.in_flight():
            self.sandbox.journal(after=len(self.sandbox.journal()), wait_seconds=PATIENCE_SECONDS)

    def _run(self, client: ProviderClient, command: Command) -> tuple[Finished, int]:
        clock, health = FakeClock(), FakeHealth()
        ledger = FakeLedger(clock, settle_seconds=0.0)
        trying = AttemptRunner(
            Handlers(client, ledger), RetryContext(_POLICY, health, lambda: 0.0), RecordingTelemetry(), clock
        )
        work = work_of(command)
        assert isinstance(work.content, Requested), work.content
        for number in range(1, _MAX_ATTEMPTS + 1):
            ledger.renew()
            claim = ledger.claim(work.content.request)
            assert isinstance(claim, Fresh | Resumed), claim
            end = trying.attempt(work, work.content.envelope, claim, lambda: Closing(clock.now(), "1.2.3"))
            if isinstance(end, Finished):
                return end, number
            # The wait is jumped over, and in it the provider ends what it was still at.
            self._await_settled()
            _wait(clock, ledger, claim, end)
            # Somebody else is always served well: nothing is excused as an outage.
            health.proven_at = clock.now()
        raise AssertionError(f"{command.type} has not ended after {_MAX_ATTEMPTS} tries")


def _wait(clock: FakeClock, ledger: FakeLedger, claim: Fresh | Resumed, deferral: Deferral) -> None:
    ledger.defer(claim.token, deferral)
    clock.advance(max(0.0, deferral.not_before - clock.now()) + 1.0)

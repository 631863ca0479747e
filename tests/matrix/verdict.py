"""What every cell of the matrix must come to."""

from sandbox.provider.remote import RemoteSandbox
from tests.matrix.cases import Case
from tests.matrix.rig import Dialect, End
from worker.domain.claims import Reason
from worker.domain.results import Outcome

_CREDENTIALS = ("AddCredential", "RotateCredential", "RemoveCredential")


def is_refused_here(case: Case, dialect: Dialect) -> bool:
    """Whether this edition cannot do the command at all."""
    return dialect.edition == "distributor" and case.command.type in _CREDENTIALS


def assert_done(end: End, case: Case, sandbox: RemoteSandbox) -> None:
    """The command succeeded, the provider is in the state it asks for, and was changed exactly as often as needed."""
    assert end.outcome in {Outcome.APPLIED, Outcome.ALREADY_APPLIED}, end.event
    assert case.reached(end.state, sandbox.digest), end.state
    assert end.state.version == case.changes, f"the state changed {end.state.version} times"


def assert_refused(end: End) -> None:
    """The command failed because the provider said no, and nothing was changed."""
    assert (end.outcome, end.reason) == (Outcome.FAILED, Reason.PROVIDER_REJECTED), end.event
    assert end.state.version == 0, f"the state changed {end.state.version} times"

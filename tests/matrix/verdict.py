"""What every cell of the matrix must come to."""

from messages.results import Outcome, Reason
from sandbox.provider.faults import Fault
from sandbox.provider.remote import RemoteSandbox
from tests.matrix.cases import Case
from tests.matrix.rig import Dialect, End, MatrixRig
from tests.matrix.ways import Expected, Way

#: Nothing that these set can be read: the documented list leaves website access out, as it does all of v3.
_NEVER_READ = frozenset(
    {
        "EnableWebsiteAccess",
        "DisableWebsiteAccess",
        "ChangePassword",
        "RotateCredential",
        "RemoveCredential",
        "UpdateUserProfile",
    }
)
#: With whether it was applied: a company is never listed, and a deleted customer may be listed for some time.
_NOT_READ = frozenset({("UpdateProfile", True), ("DeleteCustomer", False)})
_CREDENTIALS = ("AddCredential", "RotateCredential", "RemoveCredential")


def is_refused_here(case: Case, dialect: Dialect) -> bool:
    """Whether this edition cannot do the command at all."""
    return dialect.edition == "distributor" and case.command.type in _CREDENTIALS


def assert_cell(rig: MatrixRig, dialect: Dialect, case: Case, way: Way) -> None:
    """Play the command with that answer: it is done as expected, or refused where the edition cannot do it."""
    end = rig.play(case.command, dialect, *way.rules(case.write), patience_seconds=way.patience_seconds)
    if is_refused_here(case, dialect):
        assert_refused(end)
    else:
        assert_as_expected(end, case, way, rig.sandbox)


def assert_as_expected(end: End, case: Case, way: Way, sandbox: RemoteSandbox) -> None:
    """The way's own expectation holds."""
    match way.expected:
        case Expected.DONE:
            assert_done(end, case, sandbox)
        case Expected.REFUSED:
            assert_refused(end)
        case Expected.TRUTH:
            assert_truth(end, case, sandbox, applied=way.fault is Fault.APPLY_THEN_DROP)


def assert_truth(end: End, case: Case, sandbox: RemoteSandbox, *, applied: bool) -> None:
    """What was applied is not reported as refused, nor what was not as done; unknown is only what cannot be read."""
    assert end.state.version == (case.changes if applied else 0), f"the state changed {end.state.version} times"
    ended = (end.outcome, end.reason)
    if case.command.type in _NEVER_READ or (case.command.type, applied) in _NOT_READ:
        assert ended == (Outcome.FAILED, Reason.OUTCOME_UNKNOWN), end.event
    elif applied and case.changes:
        assert ended == (Outcome.ALREADY_APPLIED, None), end.event
        assert case.reached(end.state, sandbox.digest), end.state
    else:
        assert ended == (Outcome.FAILED, Reason.PROVIDER_REJECTED), end.event


def assert_done(end: End, case: Case, sandbox: RemoteSandbox) -> None:
    """The command succeeded, the provider is in the state it asks for, and was changed exactly as often as needed."""
    assert end.outcome in {Outcome.APPLIED, Outcome.ALREADY_APPLIED}, end.event
    assert case.reached(end.state, sandbox.digest), end.state
    assert end.state.version == case.changes, f"the state changed {end.state.version} times"


def assert_refused(end: End) -> None:
    """The command failed because the provider said no, and nothing was changed."""
    assert (end.outcome, end.reason) == (Outcome.FAILED, Reason.PROVIDER_REJECTED), end.event
    assert end.state.version == 0, f"the state changed {end.state.version} times"

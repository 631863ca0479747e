"""How a command ends: its exit code, and a sentence where there is something to say."""

from collections.abc import Callable

from worker.cli.terminal.output import say
from worker.cli.terminal.signals import Ended, exit_at_signals, exit_code, raise_at_signals
from worker.cli.terminal.streams import output_fault
from worker.errors import BrokerUnreachable, LedgerRefused, LedgerUnavailable, SettingsInvalid, WorkerError
from worker.exits import Exit

_EXITS: tuple[tuple[type[WorkerError], Exit], ...] = (
    (SettingsInvalid, Exit.CONFIGURATION),
    (LedgerRefused, Exit.CONFIGURATION),
    (LedgerUnavailable, Exit.UNREACHABLE),
    (BrokerUnreachable, Exit.UNREACHABLE),
)

Code = int | str | None


def ended(command: Callable[[], object]) -> Code:
    """Run it, and return what to exit with. A signal meanwhile raises Ended; afterwards it ends the process at once."""
    try:
        raise_at_signals()
        code = _written(command)
        exit_at_signals()
    except Ended as exc:
        say(str(exc))
        return exit_code(exc.number)
    return code


def _written(command: Callable[[], object]) -> Code:
    failure: OSError | None = None
    try:
        code = _ended(command)
    except OSError as exc:
        code, failure = Exit.FAILED, exc
    fault = output_fault()
    if fault is None:
        if failure is not None:
            raise failure
        return code
    if isinstance(fault, BrokenPipeError):
        # Whoever read us has seen enough (head, less).
        return code if failure is None else Exit.DONE
    say(f"standard output cannot be written ({fault.strerror}), so what was to be read there is cut off")
    return code or Exit.FAILED


def _ended(command: Callable[[], object]) -> Code:
    try:
        command()
    except SystemExit as exc:
        return exc.code
    except Ended as exc:
        say(str(exc))
        return exit_code(exc.number)
    except WorkerError as exc:
        say(*exc.lines)
        return next((code for kind, code in _EXITS if isinstance(exc, kind)), Exit.FAILED)
    except BrokenPipeError:
        return Exit.DONE
    return Exit.DONE

"""The libraries that only `sandbox` and `demo` need, which an installation may do without (the image does)."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.cli.terminal import signals
from worker.errors import SettingsInvalid

_ADVICE = (
    "which `sandbox` and `demo` need: install this program with its extra `sandbox`, as `make setup` in a clone does"
)


@contextmanager
def of_the_sandbox() -> Iterator[None]:
    """Say what to install when an import inside finds a library missing. Raises SettingsInvalid.

    At a signal meanwhile the process ends at once: nothing was begun, and an import may swallow what a handler raises.
    """
    try:
        with signals.handled():
            yield
    except ModuleNotFoundError as exc:
        raise SettingsInvalid([f"{exc.name} is not installed, {_ADVICE}"]) from exc

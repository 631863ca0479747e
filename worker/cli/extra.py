"""The libraries that only `sandbox` and `demo` need, which an installation may do without (the image does)."""

from collections.abc import Iterator
from contextlib import contextmanager

from worker.errors import SettingsInvalid

_ADVICE = (
    "which `sandbox` and `demo` need: install this program with its extra `sandbox`, as `make setup` in a clone does"
)


@contextmanager
def of_the_sandbox() -> Iterator[None]:
    """Say what to install when an import inside finds a library missing. Raises SettingsInvalid."""
    try:
        yield
    except ModuleNotFoundError as exc:
        raise SettingsInvalid([f"{exc.name} is not installed, {_ADVICE}"]) from exc

"""Keeps a report that fails from ending the work it is about."""

import inspect
import logging
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

_LOG = logging.getLogger(__name__)

_Params = ParamSpec("_Params")
_Class = TypeVar("_Class", bound=type)


def never_raising(report: Callable[_Params, None]) -> Callable[_Params, None]:
    """The same, but an error of its own ends in the log: by then the work that it reports has happened."""

    @wraps(report)
    def guarded(*args: _Params.args, **kwargs: _Params.kwargs) -> None:
        try:
            report(*args, **kwargs)
        except Exception:  # noqa: BLE001 - whatever it is
            _LOG.exception("%s failed", report.__qualname__)

    return guarded


def listener(kind: _Class) -> _Class:
    """A class whose public methods, each without an answer, never raise."""
    for name, member in list(vars(kind).items()):
        if inspect.isfunction(member) and not name.startswith("_"):
            setattr(kind, name, never_raising(member))
    return kind

"""Futures that are done from the beginning."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec, TypeVar

from worker.errors import WorkerError

P = ParamSpec("P")
Answer = TypeVar("Answer")


def answered(call: Callable[P, Answer], *args: P.args, **kwargs: P.kwargs) -> "Future[Answer]":
    """Call it, and return what comes of it: an answer, or an error that the worker can explain."""
    future: Future[Answer] = Future()
    try:
        future.set_result(call(*args, **kwargs))
    except WorkerError as failure:
        future.set_exception(failure)
    return future

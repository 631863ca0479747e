"""What the rest of the ledger knows of its database."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, slots=True)
class Store:
    """A database, opened.

    `name` is for people and holds no password. `sole`: no other process can be at work in it, so that every other owner
    is dead and the schema may be brought up to date at once. `passes` tells of an error whether it goes away by itself
    within seconds. `release` gives up the claim to be the only process; it may be called twice.
    """

    engine: Engine
    name: str
    sole: bool
    passes: Callable[[DBAPIError], bool]
    release: Callable[[], None]

"""One handler for each kind of command: a command goes in, calls to the provider are made, a success comes out."""

from worker.handlers.handlers import Handlers

__all__ = ["Handlers"]

"""The demonstration: a morning at a billing system, on real servers of its own, which checks itself."""

from worker.cli.demo.command import demo

__all__ = ["demo"]

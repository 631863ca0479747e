"""`provisioning-worker topology`."""

import typer


def commands() -> typer.Typer:
    """The noun's commands."""
    return typer.Typer()

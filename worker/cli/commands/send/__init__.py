"""`provisioning-worker send`: commands from a file or standard input, onto the broker, confirmed."""

from worker.cli.commands.send.command import send

__all__ = ["send"]

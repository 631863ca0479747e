"""`provisioning-worker ledger`: brings the ledger up to date, counts and prunes what is in it, and adopts one."""

from worker.cli.commands.ledger.command import commands

__all__ = ["commands"]

"""`provisioning-worker doctor`: looks at broker, provider, ledger and settings, and prints what mends them."""

from worker.cli.commands.doctor.command import doctor

__all__ = ["doctor"]

"""`provisioning-worker demo`."""


def demo() -> None:
    """Show it."""

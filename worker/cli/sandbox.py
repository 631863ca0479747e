"""`provisioning-worker sandbox`."""


def sandbox() -> None:
    """Show it."""

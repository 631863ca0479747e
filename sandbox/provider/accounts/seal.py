"""Secrets as short digests, so that two can be compared and none can be read."""

import hmac
import secrets


def new_key() -> bytes:
    """A key that nobody can guess: 32 random bytes."""
    return secrets.token_bytes(32)


class Seal:
    """Digests of secrets under a key that lives and dies with this process, unless it is given one that was kept.

    The stand-in keeps, journals and shows only these: a test that knows a password can ask for its digest and compare,
    while nobody who reads a journal learns a password or can distinguish one run's digests from another's.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = new_key() if key is None else key

    def digest(self, secret: str) -> str:
        """16 hexadecimal digits: equal for equal secrets, and of no use without the key."""
        return hmac.digest(self._key, secret.encode(), "sha256").hex()[:16]

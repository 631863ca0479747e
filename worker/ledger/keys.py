"""Secret keys: where they come from, the fingerprints made with them, and encryption at rest.

Keys are Fernet keys (32 bytes in base64, URL-safe or not), the newest first. New things are made with the newest, old
things are known by any of them. A key is its bytes: another spelling of it is the same key.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from worker.errors import LedgerError, SettingsInvalid

_FINGERPRINT_LABEL = b"provisioning-worker fingerprint 1"
#: 32 bytes, in either alphabet of base64.
_KEY = re.compile(r"[A-Za-z0-9+/_-]{43}=")
_MARK_LABEL = b"provisioning-worker key mark 1"


class Fingerprinter:
    """Makes fingerprints of commands under every key.

    They are keyed, because a command's content holds passwords: whoever reads the ledger cannot try guesses on them.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        raw = [_decoded(key) for key in keys]
        # Copied for each command: keyed once, and unlike `hmac.digest` short contents do not give up the interpreter,
        # which costs the consumer's thread a wait for it with each delivery.
        self._keyed = tuple(hmac.new(_derived(key, _FINGERPRINT_LABEL), digestmod=sha256) for key in raw)
        self._marks = tuple(_derived(key, _MARK_LABEL)[:8].hex() for key in raw)

    @property
    def marks(self) -> tuple[str, ...]:
        """A name for each key that shows nothing of it, newest first."""
        return self._marks

    def fingerprints(self, type_: str, subject: str | None, canonical: bytes) -> tuple[bytes, ...]:
        """HMAC-SHA-256 of a command under each key, newest first, 32 bytes each; `canonical` is its validated data."""
        content = _encoded(type_.encode(), None if subject is None else subject.encode(), canonical)
        return tuple(_digest(keyed.copy(), content) for keyed in self._keyed)


def _digest(keyed: hmac.HMAC, content: bytes) -> bytes:
    keyed.update(content)
    return keyed.digest()


class Cipher:
    """Encrypts with the newest key, decrypts with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._fernet = MultiFernet([Fernet(urlsafe_b64encode(_decoded(key))) for key in keys])

    def encrypt(self, plain: bytes) -> bytes:
        """Make it unreadable without a key, and proof against change."""
        return self._fernet.encrypt(plain)

    def decrypt(self, secret: bytes) -> bytes:
        """Read it again. Raises LedgerError when none of the keys fits."""
        try:
            return self._fernet.decrypt(secret)
        except InvalidToken as exc:
            raise LedgerError(
                "This was encrypted with a key that is not among PROVISIONING_SECRETS__KEYS: put the old key back, "
                "behind the new ones."
            ) from exc


def fingerprinter(keys: Sequence[str]) -> Fingerprinter:
    """Make the fingerprinter of these keys. Raises SettingsInvalid when one is no Fernet key."""
    check_keys(keys)
    return Fingerprinter(keys)


def cipher(keys: Sequence[str]) -> Cipher:
    """Make the cipher of these keys. Raises SettingsInvalid when one is no Fernet key."""
    check_keys(keys)
    return Cipher(keys)


def keys_in(given: str) -> tuple[str, ...]:
    """The keys of a list with commas between them, as it is set."""
    return tuple(key.strip() for key in given.split(",") if key.strip())


def check_keys(keys: Sequence[str]) -> None:
    """Raise SettingsInvalid, naming each key that is none by its place, never by its value."""
    faults = [_fault(place) for place, key in enumerate(keys, start=1) if not _is_key(key)]
    if not keys:
        faults = ["PROVISIONING_SECRETS__KEYS is empty: it needs at least one Fernet key."]
    if faults:
        raise SettingsInvalid(faults)


def _fault(place: int) -> str:
    return f"PROVISIONING_SECRETS__KEYS: number {place} is no Fernet key (32 bytes in base64)."


def _is_key(key: str) -> bool:
    # The library passes over what is of neither alphabet, and with it over a second key on another line.
    return bool(_KEY.fullmatch(key))


def _decoded(key: str) -> bytes:
    return urlsafe_b64decode(key.replace("+", "-").replace("/", "_"))


def _derived(key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label).derive(key)


def _encoded(*parts: bytes | None) -> bytes:
    """Join the parts so that no other parts join to the same: each with its length before it, and nothing as 0."""
    return b"".join(b"\0" if part is None else b"\1" + len(part).to_bytes(8) + part for part in parts)

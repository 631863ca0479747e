"""Files of certificates that somebody trusts."""

import ssl
from pathlib import Path

from worker.received.marks import MARKS, UTF8, unmarked

#: An empty text would be an error of another kind than one without a certificate.
_NONE = "none"


def trust(context: ssl.SSLContext, path: str) -> None:
    """Load the certificates of a file. Raises OSError, of which ssl.SSLError is a kind, when it holds none."""
    pem = marked_pem(path)
    if pem is None:
        context.load_verify_locations(path)
    else:
        context.load_verify_locations(cadata=pem or _NONE)


def trusting(path: str | None) -> ssl.SSLContext:
    """A client's context that trusts whom a file names, or the system does. Raises OSError when it holds nobody."""
    pem = None if path is None else marked_pem(path)
    if pem is None:
        return ssl.create_default_context(cafile=path)
    return ssl.create_default_context(cadata=pem or _NONE)


def marked_pem(path: str) -> str | None:
    """The certificates of a file with a byte order mark in it, without it; None when it has none. Raises OSError.

    OpenSSL reads past a mark of UTF-8, but passes over what stands behind two, as when marked files were put together,
    without a word when the file holds others. In UTF-16 it finds nothing.
    """
    content = Path(path).read_bytes()
    if UTF8 not in content and not content.startswith(MARKS):
        return None
    try:
        text = unmarked(content).replace(UTF8, b"")
    except UnicodeDecodeError:
        return None
    # Comments may hold anything; certificates are ASCII.
    return text.decode("ascii", "ignore")

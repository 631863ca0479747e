"""Certificates: the files of those that are trusted, and why a peer's was refused."""

import ssl
from pathlib import Path
from typing import NamedTuple

from worker.received.marks import MARKS, UTF8, unmarked

#: An empty text would be an error of another kind than one without a certificate.
_NONE = "none"
# OpenSSL's numbers of what is wrong with a certificate: its texts differ from version to version.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_NO_AUTHORITY_KEY_IDENTIFIER = 85
#: What only strict verification refuses (RFC 5280): Python 3.13 and newer verify strictly, older ones do not.
_STRICT = range(80, 95)
_GUIDE = "see `Certificates that Python 3.13 refuses` in docs/security.md"


def trust(context: ssl.SSLContext, path: str) -> None:
    """Load the certificates of a file. Raises OSError, of which ssl.SSLError is a kind, when it holds none."""
    pem = marked_pem(path)
    if pem is None:
        context.load_verify_locations(path)
    else:
        context.load_verify_locations(cadata=pem or _NONE)


def trusting(path: str | None) -> ssl.SSLContext:
    """Return a client's TLS context that trusts a file's certificates, or the system's. Raises OSError for none."""
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


class Peer(NamedTuple):
    """Who showed the certificate (`the broker`), and the settings that name its host and its issuer's file."""

    name: str
    host_setting: str
    authority_setting: str


def refused_because(code: int, peer: Peer) -> str:
    """Say what is wrong with the peer's certificate and what to do; `code` is OpenSSL's number for the failure."""
    certificate = f"{peer.name}'s certificate"
    if code == _NOT_YET_VALID:
        return f"{certificate} is not valid yet; are both clocks right?"
    if code == _EXPIRED:
        return f"{certificate} has expired; it must be renewed"
    if code in {_OTHER_HOST, _OTHER_ADDRESS}:
        return f"{certificate} is for another host; give in {peer.host_setting} a host that it names"
    if code == _NO_AUTHORITY_KEY_IDENTIFIER:
        return (
            f"{certificate} has no Authority Key Identifier, which Python 3.13 and newer demand; sign it again with "
            "one: openssl x509 -req -copy_extensions copy -in server.csr -CA ca.pem -CAkey ca.key -days 365 "
            f"-extfile ids.cnf -out server.pem, where ids.cnf holds authorityKeyIdentifier=keyid ({_GUIDE})"
        )
    if code in _STRICT:
        return (
            f"{certificate} or its issuer's breaks a rule that Python 3.13 and newer hold certificates to; "
            f"sign it again ({_GUIDE})"
        )
    return f"nobody whom we trust has signed {certificate}; name its issuer's file in {peer.authority_setting}"

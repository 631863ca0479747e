"""Why a peer's certificate was refused, by OpenSSL's numbers: its texts differ from version to version."""

from typing import NamedTuple

_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_NO_AUTHORITY_KEY_IDENTIFIER = 85
#: What only strict verification refuses (RFC 5280): Python 3.13 and newer verify strictly, older ones do not.
_STRICT = range(80, 95)
_GUIDE = "see `Certificates that Python 3.13 refuses` in docs/security.md"


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

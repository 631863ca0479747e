"""Whom we trust as the provider: the bundle's check, and a failed handshake in words that name the setting."""

import ssl

from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError

_BUNDLE = "PROVISIONING_PROVIDER__CA_BUNDLE"
#: What OpenSSL says by a number: its texts differ from version to version.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_ANOTHER_HOST = "the provider's certificate is for another host; look at PROVISIONING_PROVIDER__BASE_URL"
_VERIFIED = {
    _NOT_YET_VALID: "the provider's certificate is not valid yet; are both clocks right?",
    _EXPIRED: "the provider's certificate has expired",
    _OTHER_HOST: _ANOTHER_HOST,
    _OTHER_ADDRESS: _ANOTHER_HOST,
}
_UNTRUSTED = f"nobody whom we trust has signed the provider's certificate; look at {_BUNDLE}"


class HandshakeFailed(NewConnectionError):
    """There is no connection, or no TLS on it, so no request was sent; `told` says why, without a secret."""

    def __init__(self, connection: HTTPSConnection, failure: Exception) -> None:
        self.told = _told(failure, connection.ca_certs)
        super().__init__(connection, self.told)


def bundle_fault(path: str) -> str | None:
    """Say what is wrong with the file of a CA bundle; None when it can be used."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return f"{_BUNDLE}: {path} holds no certificate in PEM"
    except OSError as error:
        return f"{_BUNDLE}: {path} cannot be read ({error.strerror})"
    return None


def _told(failure: Exception, bundle: str | None) -> str:
    # urllib3 wraps some of the failures in its own kind.
    inner = failure.args[0] if failure.args and isinstance(failure.args[0], Exception) else failure
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"{_VERIFIED.get(inner.verify_code, _UNTRUSTED)} ({inner.verify_message})"
    fault = bundle_fault(bundle) if bundle else None
    if fault is None and isinstance(inner, ssl.SSLError):
        return f"TLS failed ({inner.reason})"
    return fault or f"the connection did not come about ({type(inner).__name__})"

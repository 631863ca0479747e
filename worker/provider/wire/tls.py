"""Whom we trust as the provider: the bundle's check, and a failed handshake in words that name the setting."""

import ssl

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from worker.received.certificates import Peer, refused_because, trust
from worker.received.http import AnswerBroken

_BUNDLE = "PROVISIONING_PROVIDER__CA_BUNDLE"
_PEER = Peer("the provider", host_setting="PROVISIONING_PROVIDER__BASE_URL", authority_setting=_BUNDLE)


class HandshakeFailed(NewConnectionError):
    """There is no connection, or no TLS on it, so no request was sent; `why` says so, without a secret."""

    def __init__(self, connection: HTTPSConnection, failure: Exception, bundle: str | None = None) -> None:
        self.why = _why(failure, bundle)
        super().__init__(connection, self.why)


class SpokeFirst(NewConnectionError):
    """A new connection brought an answer, or its end, before anything was asked: whose is it? No request was sent."""

    why = "it answered or hung up before anything was asked"

    def __init__(self, connection: HTTPConnection) -> None:
        super().__init__(connection, self.why)


def bundle_fault(path: str) -> str | None:
    """Say what is wrong with the file of a CA bundle; None when it can be used."""
    try:
        trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)
    except ssl.SSLError:
        return f"{_BUNDLE}: {path} holds no certificate in PEM"
    except OSError as error:
        return f"{_BUNDLE}: {path} cannot be read ({error.strerror})"
    return None


def _why(failure: Exception, bundle: str | None) -> str:
    # urllib3 wraps some of the failures in its own kind.
    inner = failure.args[0] if failure.args and isinstance(failure.args[0], Exception) else failure
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"{refused_because(inner.verify_code, _PEER)} ({inner.verify_message})"
    if isinstance(inner, AnswerBroken):
        return f"the proxy's answer is broken: {inner.why}"
    fault = bundle_fault(bundle) if bundle else None
    if fault is None and isinstance(inner, ssl.SSLError):
        return f"TLS failed ({inner.reason})"
    return fault or f"the connection did not come about ({type(inner).__name__})"

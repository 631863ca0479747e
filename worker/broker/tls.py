"""TLS to the broker: the context that its files make, and its failures in words that name the setting to look at."""

import os
import ssl
from pathlib import Path

from worker.errors import SettingsInvalid
from worker.received.certificates import Peer, marked_pem, refused_because, trust, trusting

CA, CERT, KEY, URL = (f"PROVISIONING_AMQP__{name}" for name in ("TLS_CA", "TLS_CERT", "TLS_KEY", "URL"))
#: A broker may end the connection so soon that its alert is lost.
PORT_HINT = f"a TLS port needs amqps://, and may demand a client certificate ({CERT}) that the broker trusts"
#: What a broker says by an alert, and what a peer without TLS looks like, by what OpenSSL calls it.
_ALERTS = {
    "CERTIFICATE_REQUIRED": f"the broker demands a client certificate; set {CERT} and {KEY}",
    "HANDSHAKE_FAILURE": f"the broker refuses the handshake; does it demand a client certificate ({CERT}, {KEY})?",
    "UNKNOWN_CA": f"the broker does not trust whoever signed our client certificate ({CERT})",
    "CERTIFICATE_EXPIRED": f"the broker says that our client certificate has expired; renew {CERT}",
    "CERTIFICATE_UNKNOWN": f"the broker does not accept our client certificate ({CERT})",
    "BAD_CERTIFICATE": f"the broker does not accept our client certificate ({CERT})",
    "CERTIFICATE_REVOKED": f"the broker says that our client certificate was revoked; renew {CERT}",
    "EOF occurred": f"the broker ended the connection; does it demand a client certificate that it trusts ({CERT})?",
    "WRONG_VERSION_NUMBER": f"what listens there does not speak TLS; is the port in {URL} the broker's plain one?",
    "UNSUPPORTED_PROTOCOL": "the broker offers no TLS version that we accept: 1.2 or newer",
    "PROTOCOL_VERSION": "the broker offers no TLS version that we accept: 1.2 or newer",
}


def file_faults(authority: str | None, certificate: str | None, key: str | None) -> list[str]:
    """Name each file (a path) that cannot be read or does not hold what its setting says."""
    named = {CA: authority, CERT: certificate, KEY: key}
    faults = [f"{name}: {path} cannot be read" for name, path in named.items() if path and not _readable(path)]
    if key and not certificate:
        faults.append(f"{KEY}: a key needs its certificate in {CERT}")
    if not faults and (authority or certificate):
        try:
            client_context(authority, certificate, key)
        except SettingsInvalid as fault:
            faults.extend(fault.faults)
    return faults


def client_context(authority: str | None, certificate: str | None, key: str | None) -> ssl.SSLContext:
    """Trust the authority (None: those of the system) and show the certificate. Raises SettingsInvalid."""
    try:
        context = trusting(authority)
    except OSError as error:
        raise SettingsInvalid([f"{CA}: {authority} holds no certificate in PEM"]) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate:
        _show(context, certificate, key)
    return context


def words(error: ssl.SSLError, url_setting: str = URL) -> str:
    """Say what failed and which setting to look at; `url_setting` names the one that holds the peer's host."""
    if isinstance(error, ssl.SSLCertVerificationError):
        # Only OpenSSL's own have them.
        reason = refused_because(getattr(error, "verify_code", 0), Peer("the broker", url_setting, CA))
        return f"TLS failed: {reason} ({getattr(error, 'verify_message', error)})"
    return words_in(str(error)) or f"TLS failed ({error})"


def words_in(text: str) -> str | None:
    """The same for an error of which only the text is left; None when it is no TLS failure."""
    if "SSL" not in text:
        return None
    reason = next((reason for alert, reason in _ALERTS.items() if alert in text), None)
    return f"TLS failed: {reason}" if reason else None


def _show(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    try:
        # Without a password of ours an encrypted key would be asked for at the terminal.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise SettingsInvalid([_fault_of_pair(certificate, key, error)]) from error


def _fault_of_pair(certificate: str, key: str | None, error: OSError) -> str:
    marked = [f"{name}: {path}" for name, path in ((CERT, certificate), (KEY, key)) if path and _is_marked(path)]
    if marked:
        return f"{' and '.join(marked)} begins with a byte order mark; save it in UTF-8 and without one"
    if not _holds_certificate(certificate):
        return f"{CERT}: {certificate} holds no certificate in PEM"
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return f"{KEY}: {key or certificate} is not the key of the certificate in {CERT}"
    return f"{KEY}: {key or certificate} holds no key in PEM, or one under a password, which cannot be used"


def _is_marked(path: str) -> bool:
    try:
        return marked_pem(path) is not None
    except OSError:
        return False


def _holds_certificate(path: str) -> bool:
    try:
        trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), path)
    except OSError:
        return False
    return True


def _readable(path: str) -> bool:
    return Path(path).is_file() and os.access(path, os.R_OK)

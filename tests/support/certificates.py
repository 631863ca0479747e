"""Certificates that tests make: an authority of their own, and what it signs, good and bad."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = "127.0.0.1"
_DAY = dt.timedelta(days=1)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is to say. `hosts` are names or addresses; `days` (from, to) are counted from today."""

    name: str = "a test's server"
    hosts: tuple[str, ...] = (LOOPBACK, "localhost")
    days: tuple[int, int] = (-1, 1)
    #: Python 3.13 and newer refuse a certificate that does not say whose key signed it.
    names_its_issuer_key: bool = True


#: Ended yesterday.
EXPIRED = Wanted(days=(-2, -1))
#: Good before Python 3.13.
UNIDENTIFIED = Wanted(names_its_issuer_key=False)
#: Good, for somebody else's host.
ELSEWHERE = Wanted(hosts=("elsewhere.example",))


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate's file and its key's."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for servers and clients; its own is at `path`."""

    def __init__(self, folder: Path, *, says_what_it_signs: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "authority.pem"
        self._folder = folder
        name = f"the authority in {folder.name}"
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._numbers: Iterator[int] = count()
        basic = x509.BasicConstraints(ca=True, path_length=None)
        own = _begun(Wanted(name), self._key.public_key()).issuer_name(self._name).add_extension(basic, critical=True)
        if says_what_it_signs:
            own = own.add_extension(_SIGNS_CERTIFICATES, critical=True)
        self.path.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, wanted: Wanted | None = None) -> Identity:
        """Sign a certificate for a new key; it serves servers and clients."""
        wanted, key = wanted or Wanted(), ec.generate_private_key(ec.SECP256R1())
        hosts = x509.SubjectAlternativeName([_host(host) for host in wanted.hosts])
        uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        unsigned = _begun(wanted, key.public_key()).issuer_name(self._name)
        unsigned = unsigned.add_extension(hosts, critical=False).add_extension(uses, critical=False)
        if wanted.names_its_issuer_key:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
            unsigned = unsigned.add_extension(issuer, critical=False)
        certificate = unsigned.sign(self._key, hashes.SHA256())
        number = next(self._numbers)
        identity = Identity(self._folder / f"certificate-{number}.pem", self._folder / f"key-{number}.pem")
        identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        identity.key.write_bytes(_written(key, serialization.NoEncryption()))
        return identity

    def issue_to_client(self, name: str) -> Identity:
        """Sign a certificate that logs a client in under this name."""
        return self.issue(Wanted(name, hosts=(name,)))

    def with_encrypted_key(self, identity: Identity, password: str) -> Identity:
        """Return the same certificate with its key in a file that only the password opens."""
        key = serialization.load_pem_private_key(identity.key.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        path = identity.key.with_suffix(".encrypted.pem")
        path.write_bytes(_written(key, serialization.BestAvailableEncryption(password.encode())))
        return replace(identity, key=path)


def strict_refusal(authority: Authority, shown: Identity) -> ssl.SSLCertVerificationError:
    """Shake hands in memory as a client of Python 3.13 does; return what it refuses the server's certificate for."""
    client, server = ssl.create_default_context(cafile=authority.path), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    server.load_cert_chain(shown.certificate, shown.key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname=LOOPBACK)
    theirs = server.wrap_bio(there, back, server_side=True)
    try:
        while True:
            for end in (ours, theirs):
                with suppress(ssl.SSLWantReadError):
                    end.do_handshake()
    except ssl.SSLCertVerificationError as refused:
        return refused


def _begun(wanted: Wanted, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    today, (begin, end) = dt.datetime.now(dt.UTC), wanted.days
    builder = x509.CertificateBuilder().subject_name(_named(wanted.name)).public_key(key)
    dated = builder.not_valid_before(today + begin * _DAY).not_valid_after(today + end * _DAY)
    numbered = dated.serial_number(x509.random_serial_number())
    return numbered.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _written(key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

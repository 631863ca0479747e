"""A bundle whose certificates stand behind byte order marks is as good as one without."""

import ssl
from pathlib import Path

import pytest

from tests.support.certificates import Authority
from worker.broker.tls import client_context, file_faults
from worker.errors import SettingsInvalid
from worker.provider.wire.tls import bundle_fault
from worker.received.certificates import trust


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return [Authority(tmp_path_factory.mktemp(name)).path.read_bytes() for name in ("one", "two")]


@pytest.mark.parametrize("spell", ["utf-8-sig", "utf-16", "commented"])
def test_a_marked_bundle_is_trusted_to_its_last_certificate(
    authorities: list[bytes], tmp_path: Path, spell: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    if spell == "utf-16":
        bundle.write_bytes(b"".join(authorities).decode().encode("utf-16"))
    else:
        # As `cat` puts marked files together, of which one is empty.
        comment = "# Zoë's\n".encode() if spell == "commented" else b""
        bundle.write_bytes(b"".join(b"\xef\xbb\xbf\xef\xbb\xbf" + comment + each for each in authorities))
    contexts = [ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), client_context(str(bundle), None, None)]
    trust(contexts[0], str(bundle))

    assert [context.cert_store_stats()["x509"] for context in contexts] == [2, 2]
    assert contexts[1].verify_mode is ssl.CERT_REQUIRED
    assert bundle_fault(str(bundle)) is None
    assert file_faults(str(bundle), None, None) == []


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf", b"\xef\xbb\xbfsomething else", b"\xff\xfea"])
def test_a_mark_before_nothing_is_no_certificate(tmp_path: Path, content: bytes) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(content)

    assert "holds no certificate in PEM" in (bundle_fault(str(bundle)) or "")
    with pytest.raises(SettingsInvalid, match="holds no certificate in PEM"):
        client_context(str(bundle), None, None)


def test_a_mark_before_a_client_s_certificate_or_its_key_is_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    client = authority.issue_to_client("worker")
    for path in (client.certificate, client.key):
        plain = path.read_bytes()
        path.write_bytes(plain.decode().encode("utf-16"))
        (fault,) = file_faults(str(authority.path), str(client.certificate), str(client.key))
        path.write_bytes(plain)

        assert f"{path} begins with a byte order mark" in fault

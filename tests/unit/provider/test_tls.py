"""A failed handshake with the provider, in words."""

from pathlib import Path

from urllib3.connection import HTTPSConnection

from tests.support.certificates import UNIDENTIFIED, Authority, strict_refusal
from worker.provider.wire.tls import HandshakeFailed


def test_a_certificate_that_only_python_3_13_refuses_is_named_with_the_line_that_signs_it_again(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    refusal = strict_refusal(authority, authority.issue(UNIDENTIFIED))

    reason = HandshakeFailed(HTTPSConnection("127.0.0.1"), refusal).why

    assert "the provider's certificate has no Authority Key Identifier, which Python 3.13 and newer demand" in reason
    assert "openssl x509 -req" in reason

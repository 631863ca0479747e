"""Another way to a server: by a proxy that a test opens, cuts and closes."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.support.tcp_proxy import TcpProxy


@contextmanager
def detour(url: str) -> Iterator[tuple[str, TcpProxy]]:
    """Yield a URL that leads to the same server, and the proxy on the way; it is not open yet."""
    port = urlsplit(url).port or 0
    proxy = TcpProxy(port)
    try:
        yield url.replace(f":{port}", f":{proxy.port}"), proxy
    finally:
        proxy.release()

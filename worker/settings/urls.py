"""Checks the URLs that passwords travel to: they must be URLs, and encrypted beyond the loopback."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from worker.domain.texts.host_names import is_host
from worker.settings.model import PREFIX

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_HTTP = frozenset({"http", "https"})
_ESCAPES = "in a user or password write / : @ # ? [ ] % as %2F %3A %40 %23 %3F %5B %5D %25"


def url_faults(given: Mapping[str, Any]) -> list[str]:
    """One sentence for each URL, as it was given, that is none, or is neither encrypted nor on this machine."""
    provider, broker = given.get("provider", {}), given.get("amqp", {})
    faults = {
        "PROVIDER__BASE_URL": _origin_fault(provider.get("base_url")),
        "PROVIDER__V3_BASE_URL": _origin_fault(provider.get("v3_base_url")),
        "AMQP__MANAGEMENT_URL": _page_fault(broker.get("management_url")),
        "PROVIDER__PROXY": _proxy_fault(provider.get("proxy")),
    }
    if str(given.get("allow_plaintext", "")).lower() not in _TRUE:
        faults |= {name: faults.get(name) or fault for name, fault in _plaintext(given).items()}
    return [f"{PREFIX}{name}: {fault}" for name, fault in faults.items() if fault]


def plaintext_urls(given: Mapping[str, Any]) -> list[str]:
    """The variables whose URL, as it was given, is neither encrypted nor on this machine."""
    return [f"{PREFIX}{name}" for name, fault in _plaintext(given).items() if fault]


def _plaintext(given: Mapping[str, Any]) -> dict[str, str | None]:
    provider, broker = given.get("provider", {}), given.get("amqp", {})
    urls = {
        "PROVIDER__BASE_URL": provider.get("base_url"),
        "PROVIDER__V3_BASE_URL": provider.get("v3_base_url"),
        "AMQP__MANAGEMENT_URL": broker.get("management_url"),
        "AMQP__URL": _if_amqp(broker.get("url")),
        "PROVIDER__PROXY": _if_login(provider.get("proxy")),
    }
    return {name: _plaintext_fault(url) for name, url in urls.items()}


def _origin_fault(url: str | None) -> str | None:
    parts = _split(url)
    bare = url and parts and parts.path in {"", "/"} and not any(mark in url for mark in "@?#")
    if url is None or (bare and _page_fault(url) is None):
        return None
    return "must be http:// or https:// with a host, and nothing but a port behind it"


def _page_fault(url: str | None) -> str | None:
    parts = _split(url)
    # Some programs end the host at a backslash, others do not: they would not agree on where the passwords go.
    if url is not None and (parts is None or parts.scheme not in _HTTP or not parts.hostname or "\\" in url):
        return "must be http:// or https:// with a host"
    return None if url is None else _misplaced(url)


def _proxy_fault(url: str | None) -> str | None:
    if url is None:
        return None
    address = _with_scheme(url)
    parts = _split(address)
    if parts is None or parts.scheme not in _HTTP or not parts.hostname:
        return f"must be http:// or https:// with a host, and nothing but a port behind it; {_ESCAPES}"
    return _misplaced(address)


def _misplaced(url: str) -> str | None:
    """Say what is wrong with a URL that can be split: what was meant for a password and ended up elsewhere.

    It is never quoted: an unescaped password moves into the URL's other parts.
    """
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    if not url.isprintable() or " " in url.replace(f"{login}@", "", 1) or url != url.strip() or "\\" in url:
        return "holds a space, a backslash or a character that cannot be seen; write them as %20, %5C and so on"
    if parts.port == 0 or not is_host(parts.hostname or ""):
        return "its host or port can be nobody's"
    if parts.query or parts.fragment or "@" in parts.path:
        return f"has ? or # or a further @; {_ESCAPES}"
    return None


def _plaintext_fault(url: str | None) -> str | None:
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "amqp"} or _is_loopback(parts.hostname or ""):
        return None
    return (
        f"{parts.scheme}:// to a host beyond the loopback would show passwords to the network; "
        f"use {parts.scheme}s://, or set {PREFIX}ALLOW_PLAINTEXT=true"
    )


def _if_amqp(url: str | None) -> str | None:
    """The broker's URL; None for another scheme, which the broker's room refuses in its own words."""
    parts = _split(url)
    return url if parts and parts.scheme == "amqp" else None


def _if_login(proxy: str | None) -> str | None:
    """The proxy's URL, if a login stands in it; without a scheme it is spoken to in clear."""
    if proxy is None or "@" not in proxy:
        return None
    return _with_scheme(proxy)


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _split(url: str | None) -> SplitResult | None:
    try:
        parts = urlsplit(url or "")
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

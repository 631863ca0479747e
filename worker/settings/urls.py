"""Checks the URLs that passwords travel to: they must be URLs, and encrypted beyond the loopback."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from worker.settings.model import PREFIX

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


def url_faults(given: Mapping[str, Any]) -> list[str]:
    """One sentence for each URL, as it was given, that is none, or is neither encrypted nor on this machine."""
    plaintext_allowed = str(given.get("allow_plaintext", "")).lower() in _TRUE
    provider, broker = given.get("provider", {}), given.get("amqp", {})
    checked = (
        ("PROVIDER__BASE_URL", provider.get("base_url"), "http"),
        ("PROVIDER__V3_BASE_URL", provider.get("v3_base_url"), "http"),
        # Whether it is a URL at all, the broker's room says in its own words.
        ("AMQP__URL", broker.get("url"), "amqp"),
    )
    return [
        f"{PREFIX}{name}: {fault}"
        for name, url, scheme in checked
        if url is not None
        for fault in _faults(_split(url), scheme, plaintext_allowed=plaintext_allowed)
    ]


def _faults(parts: SplitResult | None, scheme: str, *, plaintext_allowed: bool) -> Iterator[str]:
    usable = parts is not None and parts.scheme in {scheme, f"{scheme}s"} and bool(parts.hostname)
    if not usable and scheme == "http":
        yield "must be http:// or https:// with a host, and nothing but a port behind it"
    if (
        not plaintext_allowed
        and parts is not None
        and parts.scheme == scheme
        and not _is_loopback(parts.hostname or "")
    ):
        yield (
            f"{scheme}:// to a host beyond the loopback would show passwords to the network; "
            f"use {scheme}s://, or set {PREFIX}ALLOW_PLAINTEXT=true"
        )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
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

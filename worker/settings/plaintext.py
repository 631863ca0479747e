"""Passwords travel in these connections: without TLS they may go no further than the loopback."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from worker.settings.model import PREFIX

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})


def plaintext_faults(given: Mapping[str, Any]) -> list[str]:
    """One sentence for each URL, as it was given, that is neither encrypted nor on this machine."""
    if str(given.get("allow_plaintext", "")).lower() in _TRUE:
        return []
    checked = (
        ("AMQP__URL", given.get("amqp", {}).get("url", ""), "amqp"),
        ("PROVIDER__BASE_URL", given.get("provider", {}).get("base_url", ""), "http"),
        ("PROVIDER__V3_BASE_URL", given.get("provider", {}).get("v3_base_url", ""), "http"),
    )
    return [
        f"{PREFIX}{name}: {scheme}:// to a host beyond the loopback would show passwords to the network; "
        f"use {scheme}s://, or set {PREFIX}ALLOW_PLAINTEXT=true"
        for name, url, scheme in checked
        if _is_plain_and_far(url, scheme)
    ]


def _is_plain_and_far(url: str, scheme: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == scheme and not _is_loopback(parts.hostname or "")
    except ValueError:
        # No URL at all: whoever uses it says so in its own words.
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

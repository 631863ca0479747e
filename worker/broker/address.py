"""Where the broker is and how to log in there, never showing the password."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import unquote, urlsplit

from worker.broker import tls
from worker.domain.texts.host_names import is_host
from worker.errors import SettingsInvalid

PORTS = {"amqp": 5672, "amqps": 5671}


class Role(StrEnum):
    """What one connection is for. Consuming and publishing never share one: an alarm stops what publishes."""

    CONSUME = "consume"
    PUBLISH = "publish"
    ERRAND = "errand"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """The broker's URL and the TLS files (paths) that go with it. Raises SettingsInvalid when they cannot be used."""

    url: str = field(repr=False)
    tls_ca: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None

    def __post_init__(self) -> None:
        faults = [*_url_faults(self.url), *self._tls_faults()]
        if faults:
            raise SettingsInvalid(faults)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{urlsplit(self.url).scheme}://{host}:{self.port}/{self.virtual_host.removeprefix('/')}"

    @property
    def host(self) -> str:
        """The name or the address, without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """What is written, or the scheme's own."""
        parts = urlsplit(self.url)
        return parts.port or PORTS[parts.scheme]

    @property
    def virtual_host(self) -> str:
        """The path with its escapes undone; without one the broker's default."""
        return unquote(urlsplit(self.url).path[1:]) or "/"

    def _tls_faults(self) -> list[str]:
        faults = tls.file_faults(self.tls_ca, self.tls_cert, self.tls_key)
        if any((self.tls_ca, self.tls_cert, self.tls_key)) and urlsplit(self.url).scheme == "amqp":
            faults.append("PROVISIONING_AMQP__URL: TLS files are given, so the URL must begin with amqps://")
        return faults


AddressSource = Callable[[], BrokerAddress]
"""Asked before every attempt to connect, so that a password changed in its file is used by the next one."""


def connection_name(role: Role) -> str:
    """Name a connection, or its consumer, as the broker's lists and logs show it."""
    return f"provisioning-worker@{socket.gethostname()}/{os.getpid()}#{role}"


def _url_faults(url: str) -> list[str]:
    """Name what is wrong with the URL. Never quotes it: an unescaped password moves into its other parts."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [
            (
                "PROVISIONING_AMQP__URL: host and port cannot be told apart; "
                "write / : @ # ? [ ] in a password as %2F %3A %40 %23 %3F %5B %5D"
            )
        ]
    checks = {
        "it must begin with amqp://, or amqps:// for TLS": parts.scheme in PORTS,
        "a host is missing": bool(parts.hostname),
        "its host can be nobody's": not parts.hostname or is_host(parts.hostname),
        "what cannot be seen, or a space at an end, must be written as %20 and so on": (
            url.isprintable() and url == url.strip()
        ),
        "port 0 cannot be used": port != 0,
        "a user needs a password": parts.username is None or parts.password is not None,
        "the path is one virtual host; write a / inside its name as %2F": "/" not in parts.path[1:],
        "parameters after ? are not supported": not parts.query,
        "a # must be written as %23": not parts.fragment,
        # Behind the host it may be the end of a password with a / in it, and would be shown as the virtual host.
        "an @ behind the host must be written as %40, and a / in a password as %2F": "@" not in parts.path,
    }
    return [f"PROVISIONING_AMQP__URL: {fault}" for fault, fine in checks.items() if not fine]

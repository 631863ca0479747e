"""Where the broker is and how to log in there, never showing the password."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

import pika
from pika.credentials import ExternalCredentials, PlainCredentials

from worker.broker import tls
from worker.domain.hosts import is_host
from worker.errors import SettingsInvalid

HEARTBEAT_SECONDS = 15
SOCKET_TIMEOUT_SECONDS = 5
STACK_TIMEOUT_SECONDS = 10
# A peer that vanished without a word is noticed by the kernel well before two heartbeats are missed.
KEEPALIVE = {"TCP_USER_TIMEOUT": 10_000, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
PORTS = {"amqp": 5672, "amqps": 5671}


class Role(StrEnum):
    """What one connection is for. Consuming and publishing never share one: an alarm stops what publishes."""

    CONSUME = "consume"
    PUBLISH = "publish"
    KEEP = "keep"
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
        parts = urlsplit(self.url)
        host = f"[{_host(parts)}]" if ":" in _host(parts) else _host(parts)
        return f"{parts.scheme}://{host}:{_port(parts)}/{_vhost(parts).removeprefix('/')}"

    def parameters(self, role: Role) -> pika.ConnectionParameters:
        """Build pika's parameters for one connection of that role. Raises SettingsInvalid on an unusable TLS file."""
        parts = urlsplit(self.url)
        return pika.ConnectionParameters(
            host=_host(parts),
            port=_port(parts),
            virtual_host=_vhost(parts),
            credentials=self._credentials(parts),
            ssl_options=self._ssl_options(parts),
            # A tool's one connection rests while it does other things; nobody answers heartbeats for it then.
            heartbeat=0 if role is Role.ERRAND else HEARTBEAT_SECONDS,
            socket_timeout=SOCKET_TIMEOUT_SECONDS,
            stack_timeout=STACK_TIMEOUT_SECONDS,
            # An alarm may last for hours; a broker that is gone is noticed by its heartbeats, which go on meanwhile.
            blocked_connection_timeout=None,
            client_properties={"connection_name": connection_name(role)},
            tcp_options={name: value for name, value in KEEPALIVE.items() if hasattr(socket, name)},
        )

    def _tls_faults(self) -> list[str]:
        faults = tls.file_faults(self.tls_ca, self.tls_cert, self.tls_key)
        if any((self.tls_ca, self.tls_cert, self.tls_key)) and urlsplit(self.url).scheme == "amqp":
            faults.append("PROVISIONING_AMQP__URL: TLS files are given, so the URL must begin with amqps://")
        return faults

    def _credentials(self, parts: SplitResult) -> PlainCredentials | ExternalCredentials:
        if parts.username is None and self.tls_cert:
            return ExternalCredentials()
        if parts.username is None:
            return PlainCredentials("guest", "guest")
        return PlainCredentials(unquote(parts.username), unquote(parts.password or ""))

    def _ssl_options(self, parts: SplitResult) -> pika.SSLOptions | None:
        if parts.scheme != "amqps":
            return None
        context = tls.client_context(self.tls_ca, self.tls_cert, self.tls_key)
        return pika.SSLOptions(context, _host(parts))


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


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _vhost(parts: SplitResult) -> str:
    return unquote(parts.path[1:]) or "/"

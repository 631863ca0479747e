"""What pika is given of the broker's address, and how patient a connection is.

Apart from the address itself, so that whoever only checks the settings does without pika.
"""

import socket
from urllib.parse import unquote, urlsplit

import pika
from pika.credentials import ExternalCredentials, PlainCredentials

from worker.broker import tls
from worker.broker.address import BrokerAddress, Role, connection_name

HEARTBEAT_SECONDS = 15
SOCKET_TIMEOUT_SECONDS = 5
STACK_TIMEOUT_SECONDS = 10
# A peer that vanished without a word is noticed by the kernel well before two heartbeats are missed.
KEEPALIVE = {"TCP_USER_TIMEOUT": 10_000, "TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


def connection_parameters(address: BrokerAddress, role: Role) -> pika.ConnectionParameters:
    """Build pika's parameters for one connection of that role. Raises SettingsInvalid on an unusable TLS file."""
    return pika.ConnectionParameters(
        host=address.host,
        port=address.port,
        virtual_host=address.virtual_host,
        credentials=_credentials(address),
        ssl_options=_ssl_options(address),
        # A tool's one connection rests while it does other things; nobody answers heartbeats for it then.
        heartbeat=0 if role is Role.ERRAND else HEARTBEAT_SECONDS,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        stack_timeout=STACK_TIMEOUT_SECONDS,
        # An alarm may last for hours; a broker that is gone is noticed by its heartbeats, which go on meanwhile.
        blocked_connection_timeout=None,
        client_properties={"connection_name": connection_name(role)},
        tcp_options={name: value for name, value in KEEPALIVE.items() if hasattr(socket, name)},
    )


def _credentials(address: BrokerAddress) -> PlainCredentials | ExternalCredentials:
    parts = urlsplit(address.url)
    if parts.username is None and address.tls_cert:
        return ExternalCredentials()
    if parts.username is None:
        return PlainCredentials("guest", "guest")
    return PlainCredentials(unquote(parts.username), unquote(parts.password or ""))


def _ssl_options(address: BrokerAddress) -> pika.SSLOptions | None:
    if urlsplit(address.url).scheme != "amqps":
        return None
    context = tls.client_context(address.tls_ca, address.tls_cert, address.tls_key)
    return pika.SSLOptions(context, address.host)

"""A private RabbitMQ that demands a client certificate, and the certificates around it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.servers.apt import unpacked
from sandbox.servers.finding import BROKER_ADVICE, RABBITMQ_PACKAGES, first_usable, project_local
from sandbox.servers.rabbitmq import PrivateRabbitmq, installed_binaries, unpacked_binaries
from sandbox.servers.rabbitmq_home import NodeTls
from tests.support.certificates import Authority, Identity


@dataclass(frozen=True, slots=True)
class TlsBroker:
    """The node, and the authority that signed its certificate and signs those of its clients."""

    node: PrivateRabbitmq
    authority: Authority

    def url(self, login: str = "guest:guest@") -> str:
        """Where it is reached with TLS; without a login the certificate's name is one."""
        return f"amqps://{login}127.0.0.1:{self.node.tls_port}/"

    def settings(self, client: Identity, login: str = "guest:guest@") -> dict[str, str]:
        """Say to a program how to reach it with TLS, as this client."""
        return {"AMQP__URL": self.url(login), "AMQP__TLS_CA": str(self.authority.path), **shown(client)}

    def connections(self) -> dict[str, str]:
        """Report the program's connections with TLS: what each is for, and whose certificate it showed."""
        listed = self.node.ctl("list_connections", "ssl", "peer_cert_subject", "client_properties")
        rows = (line.split("\t") for line in listed.splitlines() if "provisioning-worker@" in line)
        # The name is the last of the client's properties that holds a number sign: provisioning-worker@host/pid#role.
        return {row[2].rpartition("#")[2].split('"')[0]: row[1] for row in rows if row[0] == "true"}


def shown(client: Identity) -> dict[str, str]:
    """Say to a program which certificate to show."""
    return {"AMQP__TLS_CERT": str(client.certificate), "AMQP__TLS_KEY": str(client.key)}


@contextmanager
def tls_broker(folder: Path) -> Iterator[TlsBroker]:
    """Run the node; its certificates lie in the folder. Raises ServerUnavailable where there can be none."""
    authority = Authority(folder)
    own = authority.issue()
    tls = NodeTls(authority.path, own.certificate, own.key)
    sources = (
        lambda: PrivateRabbitmq(installed_binaries(), tls=tls),
        lambda: PrivateRabbitmq(unpacked_binaries(unpacked(RABBITMQ_PACKAGES, project_local(), print)), tls=tls),
    )
    with first_usable(sources, BROKER_ADVICE) as node:
        yield TlsBroker(node, authority)

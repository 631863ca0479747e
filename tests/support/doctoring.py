"""For tests of the doctor: a broker that reports on itself, and a person who types the lines that mend."""

import json
import shlex
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sandbox.servers.rabbitmq import PrivateRabbitmq
from tests.support.worker_process import PROGRAM, environment
from worker.broker.address import BrokerAddress
from worker.broker.diagnose.checkup import look_at_broker
from worker.broker.topology.model import Topology
from worker.cli.commands.doctor import settings_facts
from worker.doctor import Finding, Rule, diagnose
from worker.doctor.facts import BrokerFacts, Facts, SettingsFacts

#: What nobody has set otherwise.
DEFAULTS = settings_facts(None, (), {})
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DiagnosedBroker:
    """A topology on a broker that can be looked at, and mended as a person would."""

    broker: PrivateRabbitmq
    topology: Topology
    tools: Path
    user: str = "guest:guest"

    @property
    def url(self) -> str:
        """The broker's URL with the diagnosed's login."""
        return self.broker.url.replace("guest:guest", self.user)

    @property
    def management_url(self) -> str:
        """The management API's, with a login that may see everything."""
        return str(self.broker.management_url).replace("http://", "http://guest:guest@")

    def facts(self, management_url: str | None = "") -> BrokerFacts:
        """What is seen of the broker; None leaves the management API out."""
        asked = self.management_url if management_url == "" else management_url
        return look_at_broker(BrokerAddress(self.url), self.topology, asked)

    def findings(self, settings: SettingsFacts | None = None, management_url: str | None = "") -> list[Finding]:
        """What the rules say of it, beyond what a bare topology always says: nobody hears the events."""
        facts = Facts(settings or DEFAULTS, self.facts(management_url))
        return [each for each in diagnose(facts).findings if each.rule is not Rule.EVENTS_HEARD]

    def types(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Type a line into a shell that has the broker's tools and the program."""
        settings = {"AMQP__URL": self.broker.url, "AMQP__PREFIX": self.topology.prefix}
        return subprocess.run(  # noqa: S603 - a shell is what is tested
            ["/bin/sh", "-c", line],
            env={**environment(settings), "PATH": f"{self.tools}:/usr/local/bin:/usr/bin:/bin"},
            cwd=self.tools,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )


def ask_management(broker: PrivateRabbitmq, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  # JSON
    """Ask the management API for something, or set it, as its administrator."""
    request = urllib.request.Request(  # noqa: S310 - the private broker's own URL
        f"{broker.management_url}/api/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {b64encode(b'guest:guest').decode()}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - the same
        return json.loads(answer.read() or b"null")


def write_tools(broker: PrivateRabbitmq, folder: Path) -> None:
    """Put that broker's own tools, and `provisioning-worker`, into a folder for the PATH."""
    # They need the environment that its start made.
    assert broker._node is not None
    node: Mapping[str, str] = broker._node.environment
    exports = " ".join(shlex.quote(f"{name}={value}") for name, value in node.items())
    for tool in ("rabbitmqctl", "rabbitmq-queues"):
        _write(folder / tool, f'exec env -i {exports} {broker.folder}/rabbitmq/sbin/{tool} "$@"')
    (script,) = broker.folder.glob("rabbitmq/plugins/rabbitmq_management-*/priv/www/cli/rabbitmqadmin")
    port = urlsplit(str(broker.management_url)).port
    _write(folder / "rabbitmqadmin", f'exec {shlex.join([sys.executable, str(script), f"--port={port}"])} "$@"')
    _write(folder / "provisioning-worker", f'exec {shlex.join([sys.executable, *PROGRAM[1:]])} "$@"')


def _write(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o700)

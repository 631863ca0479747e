"""Everything the demonstration needs, started in order and stopped in the reverse one."""

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.broker import delete_topology
from sandbox.demo.programs import Program, fetch, http_port
from sandbox.provider.remote import RemoteSandbox
from sandbox.servers.finding import GivenServer, Server, find_broker

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """What is running. `endings` are the processes to end when it is kept, the worker first."""

    broker_url: str
    prefix: str
    provider: RemoteSandbox
    http_url: str
    folder: Path
    endings: tuple[int, ...]


@contextmanager
def started(broker_url: str | None, progress: Progress, *, keep: bool) -> Iterator[Stack]:
    """Start everything, under a prefix, ledger and ports of its own; stop it all, unless it is to be kept.

    Raises ServerUnavailable when there is no broker to be had, ServerFailed when something does not come up.
    """
    with ExitStack() as running:
        folder = Path(tempfile.mkdtemp(prefix="provisioning-demo-"))
        running.callback(shutil.rmtree, folder, ignore_errors=True)
        progress("starting a RabbitMQ" if broker_url is None else "using the RabbitMQ of PROVISIONING_AMQP__URL")
        broker = running.enter_context(find_broker(broker_url, report=progress))
        prefix = f"demo-{uuid.uuid4().hex[:8]}"
        if isinstance(broker, GivenServer):
            # On somebody else's broker nothing of ours may stay behind.
            running.callback(delete_topology, broker.url, prefix)
        progress("starting the sandbox provider")
        provider = _provider(running, folder)
        settings = _settings(broker.url, prefix, folder)
        progress("starting the worker")
        worker = _worker(running, folder, settings)
        yield Stack(
            broker_url=broker.url,
            prefix=prefix,
            provider=RemoteSandbox(settings["PROVIDER__BASE_URL"]),
            http_url=f"http://127.0.0.1:{http_port(worker.log)}",
            folder=folder,
            endings=_released(broker, provider, worker) if keep else (),
        )
        if keep:
            running.pop_all()


def _provider(running: ExitStack, folder: Path) -> Program:
    url_file = folder / "provider.url"
    argv = ["worker", "sandbox", "--port", "0", "--url-file", str(url_file)]
    program = running.enter_context(Program("provider", argv, {}, folder, sweeps=True))
    program.wait_for(url_file.exists)
    return program


def _worker(running: ExitStack, folder: Path, settings: Mapping[str, str]) -> Program:
    named = {f"PROVISIONING_{name}": value for name, value in settings.items()}
    program = running.enter_context(Program("worker", ["worker", "run"], named, folder))
    program.wait_for(lambda: _is_ready(program.log))
    return program


def _settings(broker_url: str, prefix: str, folder: Path) -> dict[str, str]:
    return {
        "AMQP__URL": broker_url,
        "AMQP__PREFIX": prefix,
        # The demonstration's broker is the one that was named on purpose, wherever it is.
        "ALLOW_PLAINTEXT": "true",
        "PROVIDER__BASE_URL": (folder / "provider.url").read_text(encoding="utf-8"),
        "PROVIDER__API_USER": "demo-reseller",
        "PROVIDER__API_KEY": "demo-key",
        "PROVIDER__V3_API_KEY": "SG.demo",
        "PROVIDER__TIMEOUT_SECONDS": "3",
        "PROVIDER__SETTLE_SECONDS": "1",
        "RETRY__BASE_SECONDS": "0.2",
        "RETRY__CAP_SECONDS": "1",
        "PAUSE__PROBE_SECONDS": "0.5",
        "LEDGER__URL": f"sqlite:///{folder / 'ledger.db'}",
        "HTTP__PORT": "0",
        "LOG__FORMAT": "json",
    }


def _is_ready(log: Path) -> bool:
    port = http_port(log)
    return port is not None and fetch(f"http://127.0.0.1:{port}/readyz") is not None


def _released(broker: Server, *programs: Program) -> tuple[int, ...]:
    """Let everything live on; the processes whose end ends it, the worker first."""
    for program in programs:
        program.release()
    release = getattr(broker, "release", None)
    own_broker = (release(),) if release else ()
    return (*(program.pid for program in reversed(programs)), *own_broker)

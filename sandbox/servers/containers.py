"""A private RabbitMQ in a container, where an engine really runs: the last way before giving up."""

import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sandbox.servers.errors import ServerFailed, SourceUnusable
from sandbox.servers.lifetime.guardian import Service
from sandbox.servers.lifetime.ports import LOOPBACK, ReservedPorts, speaks_amqp, wait_until
from sandbox.servers.lifetime.supervised import Supervised

_IMAGE = "docker.io/library/rabbitmq:4"
_ENGINES = ("docker", "podman")
_ASK_SECONDS = 15.0
_PULL_SECONDS = 600.0
_RUN_SECONDS = 60.0
_BOOT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Engine:
    """The command line of a container engine."""

    program: str

    def run(self, *arguments: str, seconds: float = _ASK_SECONDS) -> str:
        """Run one command and return what it printed. Raises ServerFailed when it fails or takes too long."""
        try:
            done = subprocess.run(  # noqa: S603 - the engine's own tool
                [self.program, *arguments],
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=seconds,
                check=True,
            )
        except subprocess.TimeoutExpired as exc:
            raise ServerFailed(f"{self.program} {arguments[0]} took longer than {seconds:.0f} s.") from exc
        except (subprocess.CalledProcessError, OSError) as exc:
            reason = exc.stderr.strip() if isinstance(exc, subprocess.CalledProcessError) else exc
            raise ServerFailed(f"{self.program} {arguments[0]} failed: {reason}") from exc
        return done.stdout


def running_engine() -> Engine:
    """Find an engine that answers; a client without its daemon does not. Raises SourceUnusable when there is none."""
    installed = [path for path in map(shutil.which, _ENGINES) if path is not None]
    for engine in map(Engine, installed):
        try:
            engine.run("info")
        except ServerFailed:
            continue
        return engine
    raise SourceUnusable("no container engine runs" if installed else "no container engine is installed")


def ready_engine(report: Callable[[str], None]) -> Engine:
    """Find a running engine and have it hold the image. Raises SourceUnusable when one of the two is not to be had.

    Pulled here and not by the start: an owner that is killed during a start leaves no client pulling on its behalf.
    """
    engine = running_engine()
    try:
        engine.run("image", "inspect", _IMAGE)
    except ServerFailed:
        report(f"pulling {_IMAGE} (once)")
        try:
            engine.run("pull", _IMAGE, seconds=_PULL_SECONDS)
        except ServerFailed as exc:
            raise SourceUnusable(f"{Path(engine.program).name} cannot pull {_IMAGE}") from exc
    return engine


class ContainerRabbitmq:
    """RabbitMQ in a container bound to 127.0.0.1, removed by `stop` or by the owner's death."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._name = f"provisioning-rabbitmq-{secrets.token_hex(4)}"
        with ReservedPorts() as ports:
            # Given back before it is used: the engine looks for itself whether a port is free.
            self._port = ports.take()
        self._guardian: Supervised | None = None

    @property
    def url(self) -> str:
        """Where the broker is reached."""
        return f"amqp://guest:guest@{LOOPBACK}:{self._port}/"

    @property
    def running(self) -> bool:
        """Whether the container runs."""
        return self._guardian is not None and self._inspect("{{.State.Running}}") == "true"

    def start(self) -> None:
        """Create the container, or start it again; returns when the broker answers AMQP."""
        if self._guardian is None:
            self._create()
        else:
            self._engine.run("start", self._name)
        if not wait_until(lambda: not self.running or speaks_amqp(self._port), _BOOT_SECONDS) or not self.running:
            last_words = self._engine.run("logs", "--tail", "5", self._name)
            self.stop()
            raise ServerFailed(f"RabbitMQ did not start in its container. It said: {last_words}")

    def restart(self) -> None:
        """Stop the broker in order and start it again on the same port and data."""
        self._engine.run("stop", self._name, seconds=60.0)
        self.start()

    def kill(self) -> None:
        """End the broker by SIGKILL; `start` brings it back."""
        self._engine.run("kill", self._name)

    def release(self) -> int:
        """Let the container outlive this process; SIGTERM to the returned process removes it."""
        if self._guardian is None:
            raise ServerFailed("This RabbitMQ container was not started.")
        self._guardian.release()
        return self._guardian.pid

    def stop(self) -> None:
        """Remove the container; harmless when repeated."""
        if self._guardian is not None:
            self._guardian.quit()
            self._guardian = None

    def ctl(self, *arguments: str, seconds: float = 60.0) -> str:
        """Run `rabbitmqctl` in the container and return what it printed."""
        return self._engine.run("exec", self._name, "rabbitmqctl", "--quiet", *arguments, seconds=seconds)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _create(self) -> None:
        # The guardian first: from here on the container is removed whatever happens to this process.
        self._guardian = Supervised(self._farewell())
        self._engine.run(
            "run",
            "--detach",
            f"--name={self._name}",
            f"--publish={LOOPBACK}:{self._port}:5672",
            # A dead letter whose target did not confirm is offered again after 2 s, not after 3 minutes.
            "--env=RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-rabbit dead_letter_worker_publisher_confirm_timeout 2000",
            _IMAGE,
            seconds=_RUN_SECONDS,
        )

    def _farewell(self) -> Service:
        return Service(
            argv=[],
            env={},
            companion=[],
            folder="",
            log="/dev/null",
            farewell=[self._engine.program, "rm", "--force", "--volumes", self._name],
            uid=None,
            gid=None,
            stop_signal=signal.SIGTERM,
            quit_signal=signal.SIGKILL,
            grace_seconds=1.0,
        )

    def _inspect(self, template: str) -> str:
        return self._engine.run("inspect", f"--format={template}", self._name).strip()

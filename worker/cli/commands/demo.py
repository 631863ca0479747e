"""`provisioning-worker demo`: the demonstration of sandbox/demo."""

import os
import signal
import sys
from typing import Annotated

import typer

from worker.broker.address import BrokerAddress
from worker.cli import extra
from worker.cli.terminal.signals import explained_if_ended
from worker.errors import BrokerUnreachable, WorkerError
from worker.exits import Exit


def demo(
    *, keep: Annotated[bool, typer.Option("--keep", help="Leave broker, provider and worker running.")] = False
) -> None:
    """Send a billing system's commands through a real broker, a worker and a stand-in provider, and check each."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell that runs it in the background has it ignore Ctrl-C; whoever sends the signal all the same means it.
        signal.signal(signal.SIGINT, signal.getsignal(signal.SIGTERM))
    with explained_if_ended(lambda: "what the demonstration had started is stopped"):
        sys.exit(Exit.DONE if _is_right(os.environ.get("PROVISIONING_AMQP__URL"), keep=keep) else Exit.FAILED)


def _is_right(broker_url: str | None, *, keep: bool) -> bool:
    with extra.of_the_sandbox():
        # The web server is the stand-in's, which is started as a process of its own: without it there is no provider.
        import sandbox.provider.server  # noqa: F401, PLC0415 - see above
        from sandbox.demo.demonstration import run  # noqa: PLC0415 - see above
        from sandbox.servers.errors import ServerError, ServerUnavailable  # noqa: PLC0415 - see above
    if broker_url:
        # Its faults are named here, before anything is started.
        BrokerAddress(broker_url)
    try:
        return run(broker_url, keep=keep)
    except ServerUnavailable as exc:
        raise BrokerUnreachable(str(exc)) from exc
    except ServerError as exc:
        raise WorkerError(str(exc)) from exc

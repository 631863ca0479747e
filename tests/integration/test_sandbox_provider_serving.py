"""Serving the stand-in provider: as a program and on a thread, from its first connection to its orderly end."""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.greeting import greeting
from sandbox.provider.remote import RemoteError, RemoteSandbox
from sandbox.provider.server import ListenError, running
from sandbox.provider.settings import SandboxConfig

LONG = 60.0
PROGRAM = """
import sys
from pathlib import Path
from sandbox.provider.server import serve
from sandbox.provider.settings import SandboxConfig
serve(SandboxConfig(port=0, url_file=Path(sys.argv[1])))
"""


def wait_until_in_flight(sandbox: RemoteSandbox) -> None:
    """Returns once a call has arrived and waits."""
    while not sandbox.in_flight():
        pass


def test_a_journal_that_has_forgotten_something_is_not_read_as_if_it_were_whole() -> None:
    with running(SandboxConfig(port=0, journal_limit=2)) as sandbox:
        for _ in range(3):
            requests.get(f"{sandbox.url}/", timeout=LONG)

        with pytest.raises(RemoteError, match="dropped its first 1 entries"):
            sandbox.journal()
        assert len(sandbox.journal(after=1)) == 2


def test_a_port_that_is_taken_is_reported_with_a_way_out() -> None:
    with running(SandboxConfig(port=0)) as sandbox:
        port = int(sandbox.url.rpartition(":")[2])

        with pytest.raises(ListenError, match=f"port {port}.*Choose another port"), running(SandboxConfig(port=port)):
            pass


@pytest.mark.parametrize("rule", [FaultRule(fault=Fault.SLOW, delay_seconds=600), FaultRule(fault=Fault.HELD)])
def test_a_stop_does_not_wait_for_a_slow_or_held_call_and_leaves_no_thread(
    rule: FaultRule, caplog: pytest.LogCaptureFixture
) -> None:
    before = threading.enumerate()
    with ThreadPoolExecutor(1) as pool:
        with running(SandboxConfig(port=0)) as sandbox:
            sandbox.inject(rule)
            call = pool.submit(requests.get, f"{sandbox.url}/", timeout=LONG)
            while not sandbox.in_flight():
                pass
        with pytest.raises(requests.ConnectionError):
            call.result(LONG)

    # Nothing had to be broken off.
    assert not [record for record in caplog.records if record.name == "uvicorn.error"]
    assert threading.enumerate() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_program_it_reports_its_url_and_ends_in_order_at_a_signal(tmp_path: Path, number: int) -> None:
    url_file = tmp_path / "url"
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", PROGRAM, str(url_file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as program:  # noqa: S603 - a fixed command
        assert program.stderr is not None
        first = program.stderr.readline()
        url = url_file.read_text(encoding="utf-8")
        in_flight = RemoteSandbox(url).in_flight()
        program.send_signal(number)
        rest = program.stderr.read()

    assert in_flight == 0
    assert (program.returncode, first + rest) == (0, greeting(url, SandboxConfig()))

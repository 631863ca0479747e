"""What the demonstration says is left running can be typed as it stands."""

import io
from pathlib import Path
from typing import cast
from unittest.mock import Mock

from rich.console import Console

from sandbox.demo.report import DemoReport
from sandbox.demo.stack import Stack
from sandbox.provider.remote import RemoteSandbox

URL = "amqp://guest:guest@127.0.0.1:1234/"


def test_the_settings_of_the_examples_are_printed_on_one_line() -> None:
    written = io.StringIO()
    stack = Stack(
        broker_url=URL,
        prefix="demo-1",
        provider=cast(RemoteSandbox, Mock(url="http://127.0.0.1:1")),
        http_url="http://127.0.0.1:2",
        folder=Path("/tmp/demo"),  # noqa: S108 - only printed
        endings=(1, 2),
    )

    DemoReport(Console(file=written, width=80)).next_steps(stack)

    lines = [line.strip() for line in written.getvalue().splitlines()]
    assert [line for line in lines if line.startswith(f"export AMQP_URL={URL} PREFIX=demo-1")]

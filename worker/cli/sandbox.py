"""`provisioning-worker sandbox`: the stand-in provider."""

from pathlib import Path
from typing import Annotated

import typer

from sandbox.provider.settings import SandboxConfig, SwitchError, parse_switches
from worker.errors import SettingsInvalid


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8025,
    switch: Annotated[
        list[str] | None, typer.Option(help="name=value: how to read a rule that the documents leave open.")
    ] = None,
    url_file: Annotated[Path | None, typer.Option(help="Write the URL into this file once it listens.")] = None,
) -> None:
    """Stand in for the provider: the login demo-reseller / demo-key, state in memory, faults under /_sandbox/faults."""
    # The image is built without the stand-in's libraries, and its other commands must work there.
    from sandbox.provider.server import ListenError, serve  # noqa: PLC0415 - see above

    try:
        switches = parse_switches(switch or [])
        serve(SandboxConfig(host=host, port=port, url_file=url_file, switches=switches))
    except (ListenError, SwitchError) as exc:
        raise SettingsInvalid([str(exc)]) from exc

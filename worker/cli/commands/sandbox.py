"""`provisioning-worker sandbox`: the stand-in provider."""

from pathlib import Path
from typing import Annotated

import typer

from sandbox.provider.settings import SandboxConfig, SwitchError, Switches, parse_switches, values_of
from worker.cli import extra
from worker.errors import SettingsInvalid

_ALL_SWITCHES = ", ".join(f"{name}={values_of(name)}" for name in Switches.model_fields)


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65_535)] = 8025,
    state: Annotated[
        Path | None,
        typer.Option(help="Keep the state in this file and go on from it at the next start; else it is forgotten."),
    ] = None,
    switch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="How to read a rule that the provider's documents leave open, as in error_status=4xx. May be given "
            f"again for another. Of a few values the first is the default: {_ALL_SWITCHES}. row_extra takes several, "
            "with commas between them. docs/sandbox.md tells what each stands for.",
        ),
    ] = None,
    url_file: Annotated[Path | None, typer.Option(help="Write the URL into this file once it listens.")] = None,
) -> None:
    """Stand in for the provider, until Ctrl+C.

    The login is demo-reseller, its key demo-key; the start says the rest.
    """
    with extra.of_the_sandbox():
        # The image is built without the stand-in's libraries, and its other commands must work there.
        from sandbox.provider.accounts.book import StateFileError  # noqa: PLC0415 - see above
        from sandbox.provider.server import ListenError, serve  # noqa: PLC0415 - see above

    try:
        switches = parse_switches(switch or [])
    except SwitchError as exc:
        raise typer.BadParameter(str(exc), param_hint="--switch") from exc
    config = SandboxConfig(host=host, port=port, url_file=url_file, state_file=state, switches=switches)
    try:
        serve(config)
    except (ListenError, StateFileError) as exc:
        raise SettingsInvalid([str(exc)]) from exc

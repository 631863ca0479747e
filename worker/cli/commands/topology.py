"""`provisioning-worker topology show|apply|check`."""

import sys
from typing import Annotated

import typer

from worker.broker.address import BrokerAddress
from worker.broker.topology.errands import inspect_topology, remove_exchange
from worker.broker.topology.model import Exchange, Topology
from worker.broker.topology.survey import Condition, Mode
from worker.cli.terminal.output import Column, Output, show_rows
from worker.cli.terminal.signals import explained_if_ended
from worker.exits import Exit
from worker.from_settings import broker_address
from worker.settings import BrokerReach, load

_Output = Annotated[Output, typer.Option(help="How to print it.")]
_Replace = Annotated[
    str | None,
    typer.Option(
        metavar="EXCHANGE",
        help="Delete this exchange first if it is not as it must be. Whoever had bound it must bind it again.",
    ),
]
_COLUMNS = (Column("object"), Column("condition"), Column("detail"))


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="The exchanges, queues and bindings that the worker needs.", no_args_is_help=True)
    app.command("show")(show)
    app.command("apply")(apply)
    app.command("check")(check)
    return app


def show(output: _Output = Output.AUTO) -> None:
    """Show what the worker needs, without asking the broker."""
    rows = [
        {"object": str(item), "arguments": dict(getattr(item, "arguments", {}))}
        for item in Topology(load(BrokerReach).amqp.prefix)
    ]
    show_rows(rows, (Column("object"), Column("arguments")), output)


def apply(output: _Output = Output.AUTO, replace: _Replace = None) -> None:
    """Declare what is missing; without --replace nothing is ever deleted or changed."""
    if replace is not None:
        reach = load(BrokerReach)
        _delete_unfit(broker_address(reach), Topology(reach.amqp.prefix), replace)
    _inspect(Mode.APPLY, output)


def check(output: _Output = Output.AUTO) -> None:
    """Compare what is there with what is needed; exit 1 when something is missing or differs."""
    _inspect(Mode.CHECK, output)


def _delete_unfit(address: BrokerAddress, topology: Topology, name: str) -> None:
    if name not in {exchange.name for exchange in topology.exchanges}:
        ours = ", ".join(exchange.name for exchange in topology.exchanges)
        raise typer.BadParameter(f"{name} is no exchange of this prefix; those are {ours}", param_hint="--replace")
    found = inspect_topology(address, topology, Mode.CHECK).findings
    differing = [each.item for each in found if each.condition is Condition.DIFFERS]
    # Some queues have the name of the exchange that they hang on.
    if any(isinstance(item, Exchange) and item.name == name for item in differing):
        with explained_if_ended(lambda: f"the exchange {name} may be deleted: type it again"):
            remove_exchange(address, name)


def _inspect(mode: Mode, output: Output) -> None:
    reach = load(BrokerReach)
    applied = "what was declared by then stays: type it again for the rest"
    with explained_if_ended(lambda: applied if mode is Mode.APPLY else "nothing was changed"):
        report = inspect_topology(broker_address(reach), Topology(reach.amqp.prefix), mode)
    rows = [
        {"object": str(found.item), "condition": found.condition.value, "detail": found.detail}
        for found in report.findings
    ]
    show_rows(rows, _COLUMNS, output)
    if any(found.condition in {Condition.MISSING, Condition.DIFFERS} for found in report.findings):
        sys.exit(Exit.FAILED)

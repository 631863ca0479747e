"""The list of commands."""

import typer

from worker.cli import config, customers, demo, doctor, explain, ledger, run, sandbox, schema, send, topology


def program() -> typer.Typer:
    """The commands."""
    app = typer.Typer(
        help="Applies a billing system's commands to the provider, and answers each with one result event.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.command("run")(run.run)
    app.command("demo")(demo.demo)
    app.command("sandbox")(sandbox.sandbox)
    app.command("send")(send.send)
    app.command("explain")(explain.explain)
    app.add_typer(customers.commands(), name="customers")
    app.command("doctor")(doctor.doctor)
    app.add_typer(topology.commands(), name="topology")
    app.add_typer(config.commands(), name="config")
    app.add_typer(ledger.commands(), name="ledger")
    app.add_typer(schema.commands(), name="schema")
    return app

"""The entrance: the list of commands, and what each kind of failure exits with."""

import sys

import typer

from worker.app import Exit
from worker.cli import config, customers, demo, doctor, explain, ledger, run, sandbox, schema, send, topology
from worker.cli.output import say
from worker.errors import BrokerUnreachable, LedgerRefused, LedgerUnavailable, SettingsInvalid, WorkerError

_EXITS: tuple[tuple[type[WorkerError], Exit], ...] = (
    (SettingsInvalid, Exit.CONFIGURATION),
    (LedgerRefused, Exit.CONFIGURATION),
    (LedgerUnavailable, Exit.UNREACHABLE),
    (BrokerUnreachable, Exit.UNREACHABLE),
)


def main() -> None:
    """Run the program; a failure we can explain is one or more sentences on standard error, never a traceback."""
    try:
        program()()
    except WorkerError as exc:
        say(*exc.lines)
        sys.exit(next((code for kind, code in _EXITS if isinstance(exc, kind)), Exit.FAILED))
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us has seen enough (head, less); a traceback would only be noise.
        sys.stderr.close()
        sys.exit(Exit.DONE)


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

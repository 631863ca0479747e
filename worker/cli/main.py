"""The entrance, and what each kind of failure exits with. Imports little: a signal may come while the rest is read."""

import sys

from worker.cli.terminal import signals, streams


def main() -> None:
    """Run the program; a failure we can explain is one or more sentences on standard error, never a traceback."""
    with signals.handled():
        streams.prepare()
        # The rest is read here, with the signals in hand.
        from worker.cli.program import program  # noqa: PLC0415 - see above
        from worker.cli.terminal.ending import ended  # noqa: PLC0415 - see above

        code = ended(program())
    sys.exit(code)

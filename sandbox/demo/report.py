"""What the demonstration prints: progress while it runs, then one table, the dead letters, and what to type next."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.demo.checks import MessageAnswer
from sandbox.demo.event_listener import ArrivedDeadLetter
from sandbox.demo.stack import Stack

_WORDS: Mapping[str, str] = {
    "applied": "done",
    "already_applied": "found done by an earlier attempt",
    "provider_rejected": "the provider refused it",
    "id_conflict": "refused: the id was used before",
    "invalid": "refused: it breaks a rule",
    "undecodable": "refused: it cannot be read",
    "unknown_type": "refused: no such command",
}


class DemoReport:
    """Prints to a terminal or to a file; plain lines in the latter."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def progress(self, line: str) -> None:
        """One line of progress."""
        self._console.print(f"· {line}", style="dim", markup=False, highlight=False)

    def step(self, title: str, count: int) -> None:
        """A step begins."""
        self._console.print()
        self._console.print(Text(f"{title}  ({count} messages)", style="bold"))

    def event(self, event: dict[str, object], customer: str) -> None:
        """One result event has come."""
        good = event["type"] != "CommandFailed"
        line = Text("  ")
        line.append("✓ " if good else "✗ ", style="green" if good else "red")
        line.append(f"{customer:<22} {event['type']}")
        self._console.print(line)

    def table(self, answers: Sequence[MessageAnswer]) -> None:
        """Every message and what became of it."""
        columns = ("command", "customer", "what happened", "what became of it", "event", "attempts")
        table = _table("What became of each message", columns)
        for answer in answers:
            attempts = str(answer.event["data"]["attempts"]) if answer.event else "-"
            kind = str(answer.event["type"]) if answer.event else "-"
            message = answer.message
            style = "" if answer.is_right else "bold red"
            table.add_row(
                message.id,
                message.customer.split("@")[0],
                message.description,
                _WORDS.get(answer.outcome, answer.outcome),
                kind,
                attempts,
                style=style,
            )
        self._console.print(table)

    def dead_letters(self, dead_letters: Sequence[ArrivedDeadLetter]) -> None:
        """The dead letters, each with its reason in words."""
        table = _table("Dead letters: what a person must look at", ("command", "reason", "what happened"))
        for dead_letter in dead_letters:
            named = (
                dead_letter.headers.get(f"provisioning-{name}", "-") for name in ("command-id", "reason", "detail")
            )
            table.add_row(*(str(value) for value in named))
        self._console.print(table)

    def verdict(self, faults: Sequence[str], seconds: float) -> None:
        """Whether everything is as it must be."""
        self._console.print()
        if not faults:
            words = (
                f"All as it must be, in {seconds:.0f} s: every message answered, every change made once and in order."
            )
            self._console.print(Text(words, style="bold green"))
        for fault in faults:
            self._console.print(Text(f"WRONG: {fault}", style="bold red"))

    def metrics(self, page: str, url: str) -> None:
        """Where the metrics are, with those that counted something."""
        self._console.print(f"\nMetrics ({url}/metrics), those that counted something:", markup=False)
        wanted = ("provisioning_commands_total", "provisioning_retries_total", "provisioning_dead_letters_total")
        for line in page.splitlines():
            if line.startswith(wanted) and not line.endswith(" 0.0"):
                self._console.print(f"  {line}", style="dim", markup=False, highlight=False, soft_wrap=True)

    def next_steps(self, stack: Stack) -> None:
        """What to type next."""
        self._console.print()
        if not stack.endings:
            self._console.print(
                "Next: `make demo KEEP=1` leaves all of it running; README.md shows your own first command."
            )
            return
        program = ".venv/bin/provisioning-worker"
        amqp = f"PROVISIONING_AMQP__URL={stack.broker_url} PROVISIONING_AMQP__PREFIX={stack.prefix}"
        ledger = f"PROVISIONING_LEDGER__URL=sqlite:///{stack.folder}/ledger.db"
        lines = (
            "It is all still running. Try:",
            f"  curl {stack.http_url}/readyz",
            f"  curl {stack.provider.url}/_sandbox/journal",
            f"  {amqp} {program} send --wait examples/signup.json",
            f"  export AMQP_URL={stack.broker_url} PREFIX={stack.prefix}   # what examples/ reads",
            f"  {ledger} {program} explain evt_1007",
            f"The worker's log is {stack.folder}/worker.log. To end it all:",
            f"  kill {' '.join(map(str, stack.endings))}",
        )
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table

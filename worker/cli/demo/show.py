"""What the demonstration prints: progress while it runs, then one table, the dead letters, and what to type next."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from messages.outcomes import Outcome, Reason
from worker.broker.listening import Heard
from worker.cli.demo.checks import Answer
from worker.cli.demo.stage import Stage

_WORDS: Mapping[str, str] = {
    Outcome.APPLIED: "done",
    Outcome.ALREADY_APPLIED: "found done by an earlier try",
    Reason.PROVIDER_REJECTED: "the provider refused it",
    Reason.ID_CONFLICT: "refused: the id was used before",
    Reason.INVALID: "refused: it breaks a rule",
    Reason.UNDECODABLE: "refused: it cannot be read",
    Reason.UNKNOWN_TYPE: "refused: no such command",
}


class Show:
    """Prints to a terminal or to a file; plain lines in the latter."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def tell(self, line: str) -> None:
        """One line of progress."""
        self._console.print(f"· {line}", style="dim", markup=False, highlight=False)

    def scene(self, title: str, count: int) -> None:
        """A scene begins."""
        self._console.print()
        self._console.print(Text(f"{title}  ({count} messages)", style="bold"))

    def event(self, told: dict[str, object], customer: str) -> None:
        """One result event has come."""
        good = told["type"] != "CommandFailed"
        line = Text("  ")
        line.append("✓ " if good else "✗ ", style="green" if good else "red")
        line.append(f"{customer:<22} {told['type']}")
        self._console.print(line)

    def table(self, told: Sequence[Answer]) -> None:
        """Every message and what became of it."""
        columns = ("command", "customer", "what happened", "what became of it", "event", "tries")
        table = _table("What became of each message", columns)
        for answer in told:
            tries = str(answer.event["data"]["attempts"]) if answer.event else "-"
            kind = str(answer.event["type"]) if answer.event else "-"
            message = answer.message
            style = "" if answer.is_right else "bold red"
            table.add_row(
                message.id,
                message.customer.split("@")[0],
                message.story,
                _WORDS.get(answer.outcome, answer.outcome),
                kind,
                tries,
                style=style,
            )
        self._console.print(table)

    def letters(self, letters: Sequence[Heard]) -> None:
        """The dead letters, each with its reason in words."""
        table = Table(
            title="\nDead letters: what a person must look at", title_justify="left", box=None, pad_edge=False
        )
        for column in ("command", "reason", "what happened"):
            table.add_column(column, overflow="fold")
        for letter in letters:
            named = (letter.headers.get(f"provisioning-{name}", "-") for name in ("command-id", "reason", "detail"))
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
        """Where the metrics are, with those of this morning."""
        self._console.print(f"\nMetrics ({url}/metrics), those that counted this morning:", markup=False)
        wanted = ("provisioning_commands_total", "provisioning_retries_total", "provisioning_dead_letters_total")
        for line in page.splitlines():
            if line.startswith(wanted) and not line.endswith(" 0.0"):
                self._console.print(f"  {line}", style="dim", markup=False, highlight=False, soft_wrap=True)

    def next_steps(self, stage: Stage) -> None:
        """What to type next."""
        self._console.print()
        if not stage.endings:
            self._console.print(
                "Next: `make demo KEEP=1` leaves all of it running; README.md shows your own first command."
            )
            return
        program = ".venv/bin/provisioning-worker"
        amqp = f"PROVISIONING_AMQP__URL={stage.kept_url} PROVISIONING_AMQP__PREFIX={stage.topology.prefix}"
        ledger = f"PROVISIONING_LEDGER__URL=sqlite:///{stage.folder}/ledger.db"
        lines = (
            "It is all still running. Try:",
            f"  curl {stage.http_url}/readyz",
            f"  curl {stage.provider.url}/_sandbox/journal",
            f"  {amqp} {program} send --wait examples/signup.json",
            f"  export AMQP_URL={stage.kept_url} PREFIX={stage.topology.prefix}   # what examples/ reads",
            f"  {ledger} {program} explain evt_1007",
            f"The worker's log is {stage.folder}/worker.log. To end it all:",
            f"  kill {' '.join(map(str, stage.endings))}",
        )
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table

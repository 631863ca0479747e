"""Prints a diagnosis: for people by how bad it is, each line that mends on a line of its own; or JSON."""

import sys
from textwrap import fill

from rich.console import Console
from rich.text import Text

from worker.cli.terminal.output import Output, as_json, say
from worker.doctor import Diagnosis, Finding, Severity
from worker.domain.texts.printable import visible

_TITLES = {
    Severity.BROKEN: ("broken", "bold red"),
    Severity.RISK: ("at risk", "bold yellow"),
    Severity.UNKNOWN: ("unknown", "bold magenta"),
}
_INDENT = " " * 4
_NARROWEST = 40


def show(diagnosis: Diagnosis, output: Output) -> None:
    """Print it. JSON goes to standard output alone; `jsonl` is one finding a line, the summary on standard error."""
    match output:
        case Output.JSON:
            sys.stdout.write(as_json(_document(diagnosis), indent=2) + "\n")
        case Output.JSONL:
            _lines(diagnosis)
        case Output.AUTO if not sys.stdout.isatty():
            _lines(diagnosis)
        case _:
            _page(diagnosis)


def _document(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "well": diagnosis.well,
        "to_mend": diagnosis.to_mend,
        "unknown": diagnosis.unknown,
        "findings": [_row(finding) for finding in diagnosis.findings],
    }


def _row(finding: Finding) -> dict[str, object]:
    return {
        "rule": finding.rule,
        "area": finding.area,
        "severity": finding.severity,
        "endangers": finding.danger,
        "text": finding.text,
        "mend": finding.mend,
    }


def _lines(diagnosis: Diagnosis) -> None:
    for finding in diagnosis.findings:
        sys.stdout.write(as_json(_row(finding)) + "\n")
    say(diagnosis.summary)


def _page(diagnosis: Diagnosis) -> None:
    console = Console(markup=False, highlight=False)
    for severity, (title, style) in _TITLES.items():
        found = [finding for finding in diagnosis.findings if finding.severity is severity]
        if found:
            _line(console, title, style)
        for finding in found:
            _entry(console, finding)
    _line(console, diagnosis.summary, "bold green" if diagnosis.well else "bold")


def _entry(console: Console, finding: Finding) -> None:
    danger = f", endangers: {finding.danger}" if finding.danger else ""
    text = fill(
        visible(finding.text),
        width=max(console.width, _NARROWEST),
        initial_indent=_INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    _line(console, f"  {finding.area}: {finding.rule}{danger}")
    _line(console, text)
    _line(console, f"{_INDENT}$ {visible(finding.mend)}", "cyan")


def _line(console: Console, text: str, style: str = "") -> None:
    # Never wrapped by the console: what mends is there to be copied.
    console.print(Text(text, style), soft_wrap=True)

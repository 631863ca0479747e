"""`provisioning-worker doctor`: looks at broker, provider, ledger and settings, and prints what mends them.

What cannot be looked at for a bad setting is left out, and reported by it. For people it is printed by how bad it is,
each line that mends on a line of its own; or as JSON.
"""

import os
import sys
from collections.abc import Callable, Mapping
from textwrap import fill
from typing import Annotated, TypeVar

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.text import Text

from worker.broker.diagnose.checkup import look_at_broker
from worker.broker.topology.model import Topology
from worker.cli.reading import read_settings
from worker.cli.terminal.output import Output, as_json, say
from worker.doctor import Diagnosis, Finding, Severity, diagnose
from worker.doctor.facts import (
    BrokerFacts,
    Facts,
    LedgerFacts,
    LoginStatus,
    ProviderFacts,
    SettingsFacts,
    UnknownSetting,
)
from worker.domain.texts.printable import visible
from worker.errors import SettingsInvalid
from worker.exits import Exit
from worker.from_settings import broker_address, configured_keys, ledger_identity, provider_config
from worker.ledger.keys import Fingerprinter
from worker.ledger.read.checkup import look_at_ledger
from worker.provider.checkup import look_at_provider
from worker.settings import (
    BrokerReach,
    LedgerReach,
    ProviderReach,
    SecretsReach,
    Settings,
    given,
    load,
    unknown_variables,
)
from worker.settings.loading import ledger_url
from worker.settings.model import ProviderSettings
from worker.settings.urls import plaintext_urls

_T = TypeVar("_T")

_TITLES = {
    Severity.BROKEN: ("broken", "bold red"),
    Severity.RISK: ("at risk", "bold yellow"),
    Severity.UNKNOWN: ("unknown", "bold magenta"),
}
_INDENT = " " * 4
_NARROWEST = 40


def doctor(output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO) -> None:
    """Say what is wrong with broker, provider, ledger and settings, and the line that mends it; changes nothing."""
    facts = look(os.environ)
    diagnosis = diagnose(facts)
    show(diagnosis, output)
    sys.exit(_exit(facts, diagnosis))


def _exit(facts: Facts, diagnosis: Diagnosis) -> Exit:
    if _saw_something(facts):
        return Exit.DONE if diagnosis.well else Exit.FAILED
    return Exit.CONFIGURATION if facts.settings.faults else Exit.UNREACHABLE


def _saw_something(facts: Facts) -> bool:
    broker, provider, ledger = facts.broker, facts.provider, facts.ledger
    return (
        (broker is not None and not broker.fault)
        or (provider is not None and provider.v2 is not LoginStatus.AWAY)
        or (ledger is not None and ledger.readable)
    )


def look(environment: Mapping[str, str]) -> Facts:
    """Everything that can be seen now. Never raises for what it finds."""
    settings: Settings | None = None
    faults: tuple[str, ...] = ()
    try:
        settings = read_settings()
    except SettingsInvalid as exc:
        faults = exc.faults
    return Facts(
        settings=settings_facts(settings, faults, environment),
        broker=_if_set(lambda: _broker(settings or load(BrokerReach))),
        provider=_if_set(lambda: _provider(settings or load(ProviderReach))),
        ledger=_if_set(lambda: _ledger(settings, environment)),
    )


def settings_facts(settings: Settings | None, faults: tuple[str, ...], environment: Mapping[str, str]) -> SettingsFacts:
    """What the rules get of the settings; of those that cannot be used the faults, and the numbers by default."""
    known = settings or Settings(provider=ProviderSettings(api_user="", api_key=SecretStr("")))
    return SettingsFacts(
        prefetch=known.amqp.prefetch,
        hold_seconds=known.amqp.hold_seconds,
        timeout_seconds=known.provider.timeout_seconds,
        settle_seconds=known.provider.settle_seconds,
        declare=known.amqp.declare,
        faults=faults,
        unknown=tuple(UnknownSetting(name, meant) for name, meant in unknown_variables(environment)),
        plain_urls=tuple(plaintext_urls(given(Settings))) if settings else (),
    )


def _if_set(look_at: Callable[[], _T]) -> _T | None:
    try:
        return look_at()
    except SettingsInvalid:
        # It is among the faults of the settings already.
        return None


def _broker(reach: BrokerReach) -> BrokerFacts:
    management = reach.amqp.management_url
    return look_at_broker(
        broker_address(reach), Topology(reach.amqp.prefix), management.get_secret_value() if management else None
    )


def _provider(reach: ProviderReach) -> ProviderFacts:
    return look_at_provider(provider_config(reach))


def _ledger(settings: Settings | None, environment: Mapping[str, str]) -> LedgerFacts:
    url = ledger_url(settings or load(LedgerReach), environment)
    # Without keys: which fit is seen beside the ledger, where the generated ones lie.
    identity = ledger_identity(settings, Fingerprinter(())) if settings else None
    return look_at_ledger(url, identity, configured_keys(settings or load(SecretsReach)))


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

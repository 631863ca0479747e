"""The page and the JSON of a diagnosis."""

import json

import pytest

from worker.cli.commands.doctor import show
from worker.cli.terminal.output import Output
from worker.doctor import Danger, Diagnosis, Finding, Rule, Severity
from worker.doctor.findings import Area

LONG = "rabbitmqctl set_policy " + "x" * 300
FOUND = Diagnosis.of(
    [
        Finding(Rule.PROVIDER_LOGIN, Area.PROVIDER, Severity.UNKNOWN, "nobody answers", "date"),
        Finding(Rule.OWN_CONSUMERS, Area.BROKER, Severity.BROKEN, "by \x1b[31mmallory\nrm", LONG, Danger.LOSS),
    ]
)


def printed(capsys: pytest.CaptureFixture[str], diagnosis: Diagnosis, output: Output) -> str:
    show(diagnosis, output)
    return capsys.readouterr().out


def test_on_the_page_the_worst_comes_first_and_the_line_that_mends_is_not_wrapped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert printed(capsys, FOUND, Output.TABLE).splitlines() == [
        "broken",
        "  broker: own-consumers, endangers: loss",
        "    by \\x1b[31mmallory\\nrm",
        f"    $ {LONG}",
        "unknown",
        "  provider: provider-login",
        "    nobody answers",
        "    $ date",
        "1 to mend, 1 unknown",
    ]


def test_an_installation_that_is_well_has_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, Diagnosis(()), Output.TABLE) == "all is well\n"


def test_json_holds_the_counts_and_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(printed(capsys, FOUND, Output.JSON))

    assert (document["well"], document["to_mend"], document["unknown"]) == (False, 1, 1)
    assert document["findings"][0] == {
        "rule": "own-consumers",
        "area": "broker",
        "severity": "broken",
        "endangers": "loss",
        "text": "by \x1b[31mmallory\nrm",
        "mend": LONG,
    }


@pytest.mark.parametrize("output", [Output.JSONL, Output.AUTO])
def test_json_lines_leave_the_summary_to_standard_error(capsys: pytest.CaptureFixture[str], output: Output) -> None:
    show(FOUND, output)
    out, err = capsys.readouterr()

    assert [json.loads(line)["rule"] for line in out.splitlines()] == ["own-consumers", "provider-login"]
    assert err == "1 to mend, 1 unknown\n"

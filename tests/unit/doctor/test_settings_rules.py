"""Settings that cannot be used, that nothing reads, or that do not go together; and how findings are put in order."""

from dataclasses import replace

import pytest

from tests.support.doctoring import DEFAULTS
from tests.unit.doctor.planted import found, the_one
from worker.doctor import Danger, Diagnosis, Finding, Rule, Severity, diagnose
from worker.doctor.facts import Facts, UnknownSetting
from worker.doctor.findings import Area


def test_a_setting_that_cannot_be_used_is_reported_as_it_is_at_a_start() -> None:
    fault = "PROVISIONING_PROVIDER__API_USER: is required"

    finding = the_one(found(settings=replace(DEFAULTS, faults=(fault,))))

    assert (finding.rule, finding.severity, finding.text) == (Rule.SETTINGS_USABLE, Severity.BROKEN, fault)
    assert finding.mend == "provisioning-worker config check"


@pytest.mark.parametrize(
    ("unknown", "mend"),
    [
        (UnknownSetting("PROVISIONING_X", None), "unset PROVISIONING_X"),
        (
            UnknownSetting("PROVISIONING_A", "PROVISIONING_B"),
            'export PROVISIONING_B="$PROVISIONING_A"; unset PROVISIONING_A',
        ),
    ],
)
def test_a_name_that_nothing_reads_is_reported_with_the_one_that_was_meant(unknown: UnknownSetting, mend: str) -> None:
    finding = the_one(found(settings=replace(DEFAULTS, unknown=(unknown,))))

    assert (finding.rule, finding.mend) == (Rule.SETTING_KNOWN, mend)


@pytest.mark.parametrize(
    ("name", "url"), [("PROVISIONING_AMQP__URL", "amqps://"), ("PROVISIONING_PROVIDER__BASE_URL", "https://")]
)
def test_plaintext_beyond_this_machine_is_reported(name: str, url: str) -> None:
    finding = the_one(found(settings=replace(DEFAULTS, plain_urls=(name,))))

    assert (finding.rule, finding.danger) == (Rule.PLAINTEXT, Danger.SECRECY)
    assert finding.mend.startswith(f"export {name}={url}")


def test_a_look_that_comes_before_the_call_has_ended_may_apply_it_twice() -> None:
    finding = the_one(found(settings=replace(DEFAULTS, settle_seconds=5.0, timeout_seconds=10.0)))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.SETTLE_TIME, Severity.RISK, Danger.DOUBLES)
    assert finding.mend == "export PROVISIONING_PROVIDER__SETTLE_SECONDS=10"


def test_the_defaults_go_together() -> None:
    assert diagnose(Facts(DEFAULTS)).findings == ()


def finding(severity: Severity, area: Area) -> Finding:
    return Finding(Rule.PLAINTEXT, area, severity, "text", "mend")


def test_the_worst_comes_first_and_the_last_line_counts() -> None:
    shuffled = [
        finding(Severity.UNKNOWN, Area.BROKER),
        finding(Severity.RISK, Area.LEDGER),
        finding(Severity.BROKEN, Area.LEDGER),
        finding(Severity.BROKEN, Area.BROKER),
    ]

    diagnosis = Diagnosis.of(shuffled)

    assert [each.severity for each in diagnosis.findings] == sorted(
        (each.severity for each in shuffled), key=list(Severity).index
    )
    assert diagnosis.findings[0].area is Area.BROKER
    assert (diagnosis.summary, diagnosis.well) == ("3 to mend, 1 unknown", False)


def test_what_is_unknown_leaves_nothing_well() -> None:
    diagnosis = Diagnosis.of([finding(Severity.UNKNOWN, Area.BROKER)])

    assert (diagnosis.well, diagnosis.summary) == (False, "0 to mend, 1 unknown")

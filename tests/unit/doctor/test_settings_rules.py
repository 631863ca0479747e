"""Settings that cannot be used, that nothing reads, or that do not go together; and how findings are put in order."""

import pytest

from tests.unit.doctor.planted import found, the_one
from worker.doctor import Danger, Diagnosis, Finding, Rule, Severity, diagnose
from worker.doctor.facts import Facts, SettingsFacts, UnknownSetting
from worker.doctor.findings import Area


@pytest.mark.parametrize(
    ("fault", "mend"),
    [
        ("PROVISIONING_PROVIDER__API_USER: is required", "export PROVISIONING_PROVIDER__API_USER=VALUE"),
        ("PROVISIONING_PROVIDER__API_KEY: is required", "export PROVISIONING_PROVIDER__API_KEY_FILE=PATH"),
        ("PROVISIONING_AMQP__URL: a host is missing", "export PROVISIONING_AMQP__URL_FILE=PATH"),
        ("a ledger cannot lie in oracle", "provisioning-worker config check"),
    ],
)
def test_a_setting_that_cannot_be_used_is_set_anew(fault: str, mend: str) -> None:
    finding = the_one(found(settings=SettingsFacts(faults=(fault,), v3_key_set=True)))

    assert (finding.rule, finding.severity, finding.mend) == (Rule.SETTINGS_USABLE, Severity.BROKEN, mend)


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
def test_a_name_that_nothing_reads_is_told_with_the_one_that_was_meant(unknown: UnknownSetting, mend: str) -> None:
    finding = the_one(found(settings=SettingsFacts(unknown=(unknown,), v3_key_set=True)))

    assert (finding.rule, finding.mend) == (Rule.SETTING_KNOWN, mend)


@pytest.mark.parametrize(
    ("name", "url"), [("PROVISIONING_AMQP__URL", "amqps://"), ("PROVISIONING_PROVIDER__BASE_URL", "https://")]
)
def test_plaintext_beyond_this_machine_is_told(name: str, url: str) -> None:
    finding = the_one(found(settings=SettingsFacts(plain_urls=(name,), v3_key_set=True)))

    assert (finding.rule, finding.danger) == (Rule.PLAINTEXT, Danger.SECRECY)
    assert finding.mend.startswith(f"export {name}={url}")


@pytest.mark.parametrize(
    ("settings", "rule", "danger", "mend"),
    [
        (
            SettingsFacts(settle_seconds=5, v3_key_set=True),
            Rule.SETTLE_TIME,
            Danger.DOUBLES,
            "export PROVISIONING_PROVIDER__SETTLE_SECONDS=10",
        ),
        (
            SettingsFacts(drain_seconds=5, v3_key_set=True),
            Rule.DRAIN_TIME,
            Danger.STOP,
            "export PROVISIONING_WORKER__DRAIN_SECONDS=15",
        ),
        (
            SettingsFacts(rate_per_minute=40, v3_key_set=True),
            Rule.RATE_AND_WINDOW,
            Danger.STOP,
            "export PROVISIONING_PROVIDER__RATE_PER_MINUTE=50",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_told(
    settings: SettingsFacts, rule: Rule, danger: Danger, mend: str
) -> None:
    finding = the_one(found(settings=settings))

    assert (finding.rule, finding.severity, finding.danger, finding.mend) == (rule, Severity.RISK, danger, mend)


def noted(settings: SettingsFacts) -> list[str]:
    return [each.mend for each in diagnose(Facts(settings)).findings if each.severity is Severity.NOTE]


def test_a_drain_beyond_the_usual_grace_period_is_noted() -> None:
    (mend,) = noted(SettingsFacts(drain_seconds=40))

    assert mend.endswith("""'{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":50}}}}'""")


def test_more_calls_at_once_than_may_begin_in_a_minute_are_noted() -> None:
    assert noted(SettingsFacts(rate_per_minute=60, concurrency=100)) == [
        "export PROVISIONING_WORKER__CONCURRENCY=60",
    ]


def test_the_defaults_go_together() -> None:
    assert diagnose(Facts(SettingsFacts())).findings == ()


def finding(severity: Severity, area: Area) -> Finding:
    return Finding(Rule.CLOCK_SKEW, area, severity, "text", "mend")


def test_the_worst_comes_first_and_the_last_line_counts() -> None:
    shuffled = [
        finding(Severity.NOTE, Area.BROKER),
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


@pytest.mark.parametrize(("severity", "well"), [(Severity.NOTE, True), (Severity.UNKNOWN, False)])
def test_only_notes_leave_all_well(severity: Severity, well: bool) -> None:
    diagnosis = Diagnosis.of([finding(severity, Area.BROKER)])

    assert (diagnosis.well, diagnosis.summary == "all is well") == (well, well)

"""The provider's logins, and the ledger."""

from dataclasses import replace

import pytest

from tests.unit.doctor.planted import LEDGER, PROVIDER, found, healthy_broker, the_one, with_queue
from worker.doctor import Danger, Rule, Severity
from worker.doctor.facts import Duty, FileFacts, LedgerFacts, LoginStatus, SchemaState, SqliteFacts

SQLITE = SqliteFacts("/var/ledger.db", (FileFacts("/var/ledger.db", 0o600),), holder=17)
ON_SQLITE = replace(LEDGER, name="/var/ledger.db", sqlite=SQLITE)


@pytest.mark.parametrize(
    ("status", "rule", "severity"),
    [
        (LoginStatus.AWAY, Rule.PROVIDER_REACHED, Severity.BROKEN),
        (LoginStatus.REFUSED, Rule.PROVIDER_LOGIN, Severity.BROKEN),
        (LoginStatus.UNCLEAR, Rule.PROVIDER_REACHED, Severity.UNKNOWN),
    ],
)
def test_a_provider_that_does_not_let_us_in_stops_the_worker(
    status: LoginStatus, rule: Rule, severity: Severity
) -> None:
    finding = the_one(found(provider=replace(PROVIDER, v2=status, v2_words="its words")))

    assert (finding.rule, finding.severity, finding.danger) == (rule, severity, Danger.STOP)
    assert "its words" in finding.text


@pytest.mark.parametrize(
    ("status", "rule", "severity"),
    [
        (LoginStatus.AWAY, Rule.PROVIDER_REACHED, Severity.BROKEN),
        (LoginStatus.REFUSED, Rule.PROVIDER_V3_KEY, Severity.BROKEN),
        (LoginStatus.UNCLEAR, Rule.PROVIDER_V3_KEY, Severity.UNKNOWN),
    ],
)
def test_a_v3_login_that_fails_is_distinguished_from_the_other(
    status: LoginStatus, rule: Rule, severity: Severity
) -> None:
    finding = the_one(found(provider=replace(PROVIDER, v3=status, v3_words="its words")))

    assert (finding.rule, finding.severity) == (rule, severity)


@pytest.mark.parametrize(
    ("changes", "rule", "danger", "mend"),
    [
        ({"readable": False, "words": "away"}, Rule.LEDGER_REACHED, Danger.STOP, "export PROVISIONING_LEDGER__URL="),
        ({"schema": SchemaState.OLDER}, Rule.LEDGER_SCHEMA, Danger.STOP, "provisioning-worker ledger migrate"),
        ({"schema": SchemaState.ABSENT}, Rule.LEDGER_SCHEMA, Danger.STOP, "provisioning-worker ledger migrate"),
        ({"schema": SchemaState.NEWER}, Rule.LEDGER_SCHEMA, Danger.STOP, "pip install --upgrade"),
        ({"schema": SchemaState.FOREIGN}, Rule.LEDGER_SCHEMA, Danger.STOP, "export PROVISIONING_LEDGER__URL="),
        (
            {"differences": ("prefix ('a' there)",)},
            Rule.LEDGER_OWNER,
            Danger.DOUBLES,
            "provisioning-worker ledger adopt",
        ),
        ({"keys_fit": False}, Rule.LEDGER_KEYS, Danger.DOUBLES, "export PROVISIONING_SECRETS__KEYS_FILE="),
        ({"keys_missing": True}, Rule.LEDGER_KEYS, Danger.STOP, "export PROVISIONING_SECRETS__KEYS=$(python3 -c"),
    ],
)
def test_a_ledger_that_the_worker_would_refuse_is_reported(
    changes: dict[str, object], rule: Rule, danger: Danger, mend: str
) -> None:
    finding = the_one(found(ledger=replace(LEDGER, **changes)))  # type: ignore[arg-type]  # each is of its field's type

    assert (finding.rule, finding.severity, finding.danger) == (rule, Severity.BROKEN, danger)
    assert finding.mend.startswith(mend)


@pytest.mark.parametrize(
    ("changes", "program"),
    [
        ({"unsafe_settings": ("fsync",)}, "psql"),
        ({"unsafe_settings": ("full_page_writes",)}, "psql"),
        ({"read_only": True}, "psql"),
        ({"keys_missing": True}, "python3"),
    ],
)
def test_a_line_that_needs_a_program_of_somebody_elses_says_which(changes: dict[str, object], program: str) -> None:
    finding = the_one(found(ledger=replace(LEDGER, **changes)))  # type: ignore[arg-type]  # as above

    assert program in finding.mend
    assert finding.text.endswith(f"(the line needs {program})")


@pytest.mark.parametrize("state", [SchemaState.OLDER, SchemaState.ABSENT])
def test_an_older_sqlite_ledger_is_brought_up_to_date_by_the_worker_itself(state: SchemaState) -> None:
    assert found(ledger=replace(ON_SQLITE, schema=state)) == []


def test_a_ledger_that_is_not_there_yet_is_no_fault() -> None:
    assert found(ledger=LedgerFacts("/var/ledger.db", there=False, readable=False, sqlite=SQLITE)) == []


def test_a_key_file_that_is_gone_turns_repeats_into_new_commands() -> None:
    finding = the_one(found(ledger=replace(ON_SQLITE, keys_missing=True)))

    assert (finding.rule, finding.danger) == (Rule.LEDGER_KEYS, Danger.DOUBLES)


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o601])
def test_files_that_others_can_open_are_reported(mode: int) -> None:
    files = (FileFacts("/var/ledger db.keys", mode),)

    finding = the_one(found(ledger=replace(ON_SQLITE, sqlite=replace(SQLITE, files=files))))

    assert (finding.rule, finding.danger) == (Rule.LEDGER_FILE_MODES, Danger.SECRECY)
    assert finding.mend == "chmod 600 '/var/ledger db.keys'"


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_database_that_forgets_in_a_crash_is_reported(setting: str) -> None:
    finding = the_one(found(ledger=replace(LEDGER, unsafe_settings=(setting,))))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.LEDGER_DURABLE, Severity.RISK, Danger.DOUBLES)
    assert f"SET {setting} = on" in finding.mend


@pytest.mark.parametrize(
    ("consumers", "holder", "severity"),
    [(2, 17, Severity.BROKEN), (2, 0, Severity.BROKEN), (1, 0, Severity.RISK)],
)
def test_two_memories_would_apply_commands_twice(consumers: int, holder: int, severity: Severity) -> None:
    broker = with_queue(healthy_broker(), Duty.COMMANDS, consumer_count=consumers)

    finding = the_one(found(broker, ledger=replace(ON_SQLITE, sqlite=replace(SQLITE, holder=holder))))

    assert (finding.rule, finding.severity, finding.danger) == (Rule.ONE_WORKER_ON_SQLITE, severity, Danger.DOUBLES)


def test_one_worker_on_its_own_sqlite_file_is_well() -> None:
    assert found(ledger=ON_SQLITE) == []
    assert found(ledger=replace(ON_SQLITE, sqlite=replace(SQLITE, holder=None))) == []

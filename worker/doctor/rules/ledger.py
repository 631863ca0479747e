"""The ledger: there, ours, of this worker's schema, with its keys, and safe to rely on."""

import stat
from collections.abc import Iterator
from shlex import quote

from worker.doctor import remedies
from worker.doctor.facts import BrokerFacts, Duty, LedgerFacts, SchemaState, SqliteFacts
from worker.doctor.findings import Area, Danger, Finding, Rule, Severity

_MIGRATE = "provisioning-worker ledger migrate"
_ADOPT = "provisioning-worker ledger adopt"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PSQL = "psql postgresql://USER@HOST/DATABASE"
_NEEDS_PSQL = "(the line needs psql)"
_DURABLE = {
    "fsync": f"{_PSQL} -c 'ALTER SYSTEM SET fsync = on' -c 'SELECT pg_reload_conf()'",
    "full_page_writes": f"{_PSQL} -c 'ALTER SYSTEM SET full_page_writes = on' -c 'SELECT pg_reload_conf()'",
}
_NEW_KEY = (
    "export PROVISIONING_SECRETS__KEYS=$(python3 -c "
    "'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')"
)
_POSTGRES = remedies.export("LEDGER__URL", "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")


def ledger_rules(ledger: LedgerFacts, broker: BrokerFacts | None) -> Iterator[Finding]:
    """Look at the ledger, and at how many workers there are for it."""
    if ledger.keys_missing:
        yield _keys_missing(ledger)
    if ledger.sqlite is not None:
        yield from _file(ledger.sqlite)
        yield from _several(ledger.sqlite, broker)
    if ledger.lost:
        yield _lost(ledger)
    elif ledger.there and not ledger.readable:
        text = f"the ledger cannot be read: {ledger.words}. Intake pauses, and nothing is taken up"
        yield _finding(Rule.LEDGER_REACHED, Severity.BROKEN, text, _unreadable(ledger), Danger.STOP)
    elif ledger.there:
        yield from _schema(ledger)
        yield from _owner(ledger)
        yield from _durable(ledger)
        yield from _writable(ledger)


def _finding(rule: Rule, severity: Severity, text: str, mend: str, danger: Danger | None = None) -> Finding:
    return Finding(rule, Area.LEDGER, severity, text, mend, danger)


def _unreadable(ledger: LedgerFacts) -> str:
    return f"ls -l {quote(ledger.sqlite.path)}*" if ledger.sqlite else _POSTGRES


def _keys_missing(ledger: LedgerFacts) -> Finding:
    if ledger.sqlite is None:
        text = (
            "a PostgreSQL ledger needs PROVISIONING_SECRETS__KEYS, the same for every replica (the line needs python3)"
        )
        return _finding(Rule.LEDGER_KEYS, Severity.BROKEN, text, _NEW_KEY, Danger.STOP)
    path = f"{ledger.sqlite.path}.keys"
    text = (
        f"the ledger is there, its key file {path} is not: with a new key every repeat would look like another command"
    )
    return _finding(Rule.LEDGER_KEYS, Severity.BROKEN, text, f"cp BACKUP {quote(path)}", Danger.DOUBLES)


def _file(sqlite: SqliteFacts) -> Iterator[Finding]:
    for file in sqlite.files:
        if file.mode & _OTHERS:
            text = f"{file.path} has mode {file.mode:03o}: others on this machine can read what it holds"
            mend = f"chmod 600 {quote(file.path)}"
            yield _finding(Rule.LEDGER_FILE_MODES, Severity.RISK, text, mend, Danger.SECRECY)


def _several(sqlite: SqliteFacts, broker: BrokerFacts | None) -> Iterator[Finding]:
    queues = broker.queues if broker else ()
    count = max((queue.consumer_count or 0 for queue in queues if queue.duty is Duty.COMMANDS), default=0)
    if count > 1:
        text = (
            f"{count} workers consume, and this one's ledger is a SQLite file: each remembers only what it did itself"
        )
        yield _finding(Rule.ONE_WORKER_ON_SQLITE, Severity.BROKEN, text, _POSTGRES, Danger.DOUBLES)
    elif count == 1 and sqlite.holder == 0:
        text = (
            f"a worker consumes, and no process on this machine holds {sqlite.path}: it remembers elsewhere, so one "
            "started here would not know what it did"
        )
        yield _finding(Rule.ONE_WORKER_ON_SQLITE, Severity.RISK, text, _POSTGRES, Danger.DOUBLES)


def _durable(ledger: LedgerFacts) -> Iterator[Finding]:
    for setting in ledger.unsafe_settings:
        text = (
            f"the database has {setting} = off: it calls committed what is not on disk, and may forget in a crash "
            f"what was done {_NEEDS_PSQL}"
        )
        yield _finding(Rule.LEDGER_DURABLE, Severity.RISK, text, _DURABLE[setting], Danger.DOUBLES)


def _writable(ledger: LedgerFacts) -> Iterator[Finding]:
    if ledger.read_only:
        text = (
            "the database is read-only: it is a standby, or was closed by its host (a disk that is nearly full?). "
            f"Intake pauses until it can be written to {_NEEDS_PSQL}"
        )
        mend = f"{_PSQL} -c 'SHOW default_transaction_read_only' -c 'SELECT pg_is_in_recovery()'"
        yield _finding(Rule.LEDGER_REACHED, Severity.BROKEN, text, mend, Danger.STOP)


def _lost(ledger: LedgerFacts) -> Finding:
    text = (
        f"the ledger {ledger.name} is not there or is empty, but {' and '.join(ledger.lost)} of an earlier one is: the "
        "worker will not start. Put the ledger back from a backup; to begin anew and forget what was done, remove what "
        "is left of it"
    )
    return _finding(Rule.LEDGER_REACHED, Severity.BROKEN, text, f"cp BACKUP {quote(ledger.name)}", Danger.DOUBLES)


def _schema(ledger: LedgerFacts) -> Iterator[Finding]:
    elsewhere = remedies.export("LEDGER__URL", "URL-OF-ANOTHER-DATABASE")
    match ledger.schema:
        # A SQLite ledger is brought up to date by the worker that opens it alone.
        case SchemaState.OLDER if ledger.sqlite is None:
            text = f"the ledger's schema is at revision {ledger.revision}, older than this worker"
            yield _finding(Rule.LEDGER_SCHEMA, Severity.BROKEN, text, _MIGRATE, Danger.STOP)
        case SchemaState.ABSENT if ledger.sqlite is None:
            text = f"the ledger {ledger.name} has no tables yet"
            yield _finding(Rule.LEDGER_SCHEMA, Severity.BROKEN, text, _MIGRATE, Danger.STOP)
        case SchemaState.NEWER:
            text = f"the ledger's schema is at revision {ledger.revision}, newer than this worker: it will not start"
            mend = "pip install --upgrade provisioning-worker"
            yield _finding(Rule.LEDGER_SCHEMA, Severity.BROKEN, text, mend, Danger.STOP)
        case SchemaState.FOREIGN:
            text = "the database has tables of the ledger's names that no ledger made: the worker will not start"
            yield _finding(Rule.LEDGER_SCHEMA, Severity.BROKEN, text, elsewhere, Danger.STOP)


def _owner(ledger: LedgerFacts) -> Iterator[Finding]:
    if ledger.differences:
        text = (
            f"the ledger belongs to a worker with another {'; another '.join(ledger.differences)}: this one will not "
            "start. If they are the same after all, adopt it"
        )
        yield _finding(Rule.LEDGER_OWNER, Severity.BROKEN, text, _ADOPT, Danger.DOUBLES)
    if ledger.keys_fit is False:
        text = (
            "the ledger was written with a secret key that is not set: every repeat of an earlier command would look "
            "like another one. Put the old key behind the new ones"
        )
        mend = remedies.export("SECRETS__KEYS_FILE", "/run/secrets/ledger-keys")
        yield _finding(Rule.LEDGER_KEYS, Severity.BROKEN, text, mend, Danger.DOUBLES)

"""What an experiment is counted by: each broken promise in its column, and the table that shows them all."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox.provider.operations.registry import Effect
from tests.fault.experiments.counts import Outcome, counted, faults_in, read_all, repeats_of, seconds_to_resume, write
from tests.fault.experiments.table import COLUMNS, markdown, rows
from tests.support.billing import ReceivedMessage
from tests.support.verdict import Accounts, Promise
from tests.unit.support.lives import event, sound

SOUND = sound()
FIRST, SECOND = SOUND.commands[0], SOUND.commands[1]
POISON = b"{ no message"
#: The first command's change comes after the second one's.
OVERTAKEN = (SOUND.journal[1], SOUND.journal[0], *SOUND.journal[2:])
CLEAN = {promise.value: 0 for promise in Promise}


def poison_dead_letter(identity: str) -> ReceivedMessage:
    return ReceivedMessage("undecodable", POISON, SimpleNamespace(headers={"provisioning-dead-letter-id": identity}))


def broken(accounts: Accounts, poison: frozenset[bytes] = frozenset()) -> dict[str, int]:
    """Only the columns that are not zero."""
    return {promise: number for promise, number in counted(faults_in(accounts, poison)).items() if number}


def test_a_sound_run_has_zeros_in_every_column() -> None:
    assert counted(faults_in(SOUND, frozenset())) == CLEAN


@pytest.mark.parametrize(
    ("accounts", "column"),
    [
        (replace(SOUND, events=SOUND.events[1:]), "lost"),
        (replace(SOUND, journal=SOUND.journal[:-1]), "lost"),
        (replace(SOUND, journal=(*SOUND.journal, SOUND.journal[0])), "second effects"),
        (replace(SOUND, journal=OVERTAKEN), "order breaks"),
        (replace(SOUND, events=(*SOUND.events, event(FIRST, body="other"))), "repeats that differ"),
        (replace(SOUND, events=(event(FIRST, "CommandFailed"), *SOUND.events[1:])), "wrong endings"),
    ],
)
def test_each_broken_promise_is_counted_in_its_column(accounts: Accounts, column: str) -> None:
    assert broken(accounts)[column] >= 1


def test_poison_needs_one_dead_letter_which_may_come_twice() -> None:
    repeated = replace(SOUND, dead_letters=(poison_dead_letter("1"), poison_dead_letter("1")))
    assert broken(repeated, frozenset({POISON})) == {}
    assert broken(SOUND, frozenset({POISON})) == {"lost": 1}
    other = replace(SOUND, dead_letters=(poison_dead_letter("1"), poison_dead_letter("2")))
    assert broken(other, frozenset({POISON})) == {"repeats that differ": 1}


def test_repeats_are_counted_by_their_ids() -> None:
    assert repeats_of([*SOUND.events, event(FIRST), event(SECOND)]) == 2


def test_the_time_to_resume_is_that_of_the_next_change() -> None:
    lines = [replace(line, monotonic_seconds=float(number)) for number, line in enumerate(SOUND.journal)]
    idle = [replace(lines[3], effect=Effect.UNCHANGED)]
    assert seconds_to_resume([*lines[:3], *idle, *lines[4:]], 2.5) == 1.5
    assert seconds_to_resume(lines, 1_000.0) is None


def test_what_was_kept_is_read_again_and_summed_by_kind(tmp_path: Path) -> None:
    outcomes = [
        Outcome("cut", "1.0", 100, CLEAN, 3, 0.25),
        Outcome("cut", "1.1", 110, {**CLEAN, "lost": 2}, 0, 4.0),
        Outcome("killed/at once", "1.0", 50, CLEAN, 0, None),
    ]
    for outcome in outcomes:
        write(outcome, tmp_path)
    read = read_all(tmp_path)
    assert read == outcomes
    assert [outcome.sound for outcome in read] == [True, False, True]
    assert rows(read) == [
        ("cut", "2", "210", "2", "0", "0", "0", "0", "0.2 < 2.1 < 4.0"),
        ("killed/at once", "1", "50", "0", "0", "0", "0", "0", "-"),
        ("all", "3", "260", "2", "0", "0", "0", "0", ""),
    ]
    lines = markdown(rows(read)).splitlines()
    assert len(lines) == 5
    assert len({len(line) for line in lines}) == 1
    assert all(column in lines[0] for column in COLUMNS)

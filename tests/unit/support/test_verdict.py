"""The check that fault tests end with must itself find every kind of broken promise."""

from dataclasses import replace

import pytest

from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.calls import Operation
from sandbox.provider.operations.registry import Effect
from tests.support.commands import Command, create, delete, disable, retrieve
from tests.support.verdict import Accounts, settle_accounts
from tests.unit.support.lives import ADA, COMMANDS, LADY, LIFE, dead_letter, entry, event, sound, state

SOUND = sound()
FIRST, LAST = SOUND.commands[0], SOUND.commands[-1]
STRANGER = create("eve@example.com", id="evt_9")


def without(identity: str) -> tuple[JournalEntry, ...]:
    """The journal without that command's change."""
    return tuple(line for line, (command, _) in zip(SOUND.journal, LIFE, strict=True) if command.id != identity)


def place(identity: str) -> int:
    """Where in the journal that command's change stands."""
    return list(COMMANDS).index(identity)


def swapped(one: str, other: str) -> tuple[JournalEntry, ...]:
    """The journal with the changes of two commands in each other's place."""
    lines = list(SOUND.journal)
    lines[place(one)], lines[place(other)] = lines[place(other)], lines[place(one)]
    return tuple(lines)


def test_a_sound_run_is_counted() -> None:
    totals = settle_accounts(replace(SOUND, events=(*SOUND.events, event(FIRST))))
    assert (totals.commands, totals.events, totals.calls, totals.repeats) == (15, 16, 15, 1)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (replace(SOUND, events=SOUND.events[1:]), "LOST"),
        (replace(SOUND, events=(*SOUND.events, event(FIRST, body="other"))), "other bytes"),
        (replace(SOUND, events=(*SOUND.events, event(STRANGER))), "never published"),
        (replace(SOUND, events=(event(FIRST, "CommandFailed"), *SOUND.events[1:])), "ended as"),
        (replace(SOUND, dead_letters=(dead_letter(FIRST),)), "1 dead letters instead of 0"),
        (replace(SOUND, failing=frozenset({LAST.id})), "0 dead letters instead of 1"),
        (replace(SOUND, journal=(*SOUND.journal, entry(STRANGER, Operation.ADD))), "INVENTED"),
    ],
)
def test_each_broken_promise_is_named(broken: Accounts, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        settle_accounts(broken)


@pytest.mark.parametrize("identity", [command.id for command, _ in LIFE if command.type != "DisableCustomer"])
def test_each_change_is_made_exactly_once(identity: str) -> None:
    with pytest.raises(AssertionError, match="changed the state 0 times"):
        settle_accounts(replace(SOUND, journal=without(identity)))
    with pytest.raises(AssertionError, match="changed the state 2 times"):
        settle_accounts(replace(SOUND, journal=(*SOUND.journal, SOUND.journal[place(identity)])))


def test_a_change_that_was_answered_but_left_nothing_changed_is_found() -> None:
    idle = tuple(replace(line, effect=Effect.UNCHANGED) for line in SOUND.journal[:1])
    with pytest.raises(AssertionError, match="changed the state 0 times"):
        settle_accounts(replace(SOUND, journal=(*idle, *SOUND.journal[1:])))


@pytest.mark.parametrize(
    ("one", "other"), [("create", "disable"), ("add", "rotate"), ("remove", "rename"), ("rename", "v3")]
)
def test_what_overtakes_is_named_with_what_it_overtook_by_whichever_name(one: str, other: str) -> None:
    with pytest.raises(AssertionError, match=f"OVERTOOK {one}"):
        settle_accounts(replace(SOUND, journal=swapped(one, other)))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"city": "Paris"}, "has not the city"),
        ({"email": ADA}, "has not the email"),
        ({"active": True}, "has not the active"),
        ({"website_access": False}, "has not the website_access"),
        ({"password": "first password"}, "has not the password_digest"),
        ({"credentials": ()}, "has not the credential mailer"),
        ({"credentials": ({"name": "mailer", "password": "mailer-0"},)}, "has not the credential mailer"),
        ({"credentials": ({"name": "spare", "password": "spare-0"},)}, "has not the credential spare"),
        ({"username": ADA}, f"{ADA} .*still there"),
        ({"username": ADA}, f"{LADY} .*is gone"),
    ],
)
def test_what_is_there_at_the_end_is_what_the_last_commands_gave(changes: dict[str, object], what: str) -> None:
    with pytest.raises(AssertionError, match=what):
        settle_accounts(replace(SOUND, state=state(**changes)))


def test_a_deleted_customer_must_be_gone() -> None:
    end = delete(LADY, id="delete")
    with_the_end = (*SOUND.events, event(end))
    journal = (*SOUND.journal, entry(end, Operation.DELETE))
    deleted = replace(SOUND, commands=(*SOUND.commands, end), events=with_the_end, journal=journal)
    with pytest.raises(AssertionError, match="is still there"):
        settle_accounts(deleted)
    nobody = deleted.state.model_copy(update={"customers": {}})
    assert settle_accounts(replace(deleted, state=nobody)).commands == 16


def test_setting_what_is_already_set_is_no_change() -> None:
    again = disable(LADY, id="once more")
    more = replace(SOUND, commands=(*SOUND.commands, again), events=(*SOUND.events, event(again)))
    for effect in (Effect.UNCHANGED, Effect.NOT_APPLIED):
        settle_accounts(replace(more, journal=(*SOUND.journal, entry(again, Operation.DISABLE, effect))))


def test_a_list_changes_nothing_and_is_ordered_with_nobody() -> None:
    listed = retrieve({"username": ADA}, id="list")
    settle_accounts(replace(SOUND, commands=(listed, *SOUND.commands), events=(*SOUND.events, event(listed))))


def test_a_failure_is_sound_with_one_dead_letter_published_twice_and_no_change() -> None:
    failed = failure_of(LAST)
    assert settle_accounts(replace(failed, dead_letters=(dead_letter(LAST), dead_letter(LAST)))).dead_letters == 2


def test_a_dead_letter_of_another_body_is_found() -> None:
    other = replace(dead_letter(LAST), body=b"other")
    with pytest.raises(AssertionError, match="has not its body"):
        settle_accounts(replace(failure_of(LAST), dead_letters=(other,)))


def failure_of(command: Command) -> Accounts:
    """The workload in which the last command failed."""
    events = tuple(event(one, "CommandFailed" if one is command else "Done") for one in SOUND.commands)
    failing = frozenset({command.id})
    return replace(
        SOUND,
        events=events,
        dead_letters=(dead_letter(command),),
        journal=without(command.id),
        state=state(active=True),
        failing=failing,
    )

"""The check that fault tests end with must itself find every kind of broken promise."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from sandbox.provider.journal import Entry
from sandbox.provider.operations.calls import Operation
from sandbox.provider.operations.registry import Effect
from sandbox.provider.operations.replies import AnswerKind
from tests.support.billing import Heard
from tests.support.commands import Command, create, rotate
from tests.support.verdict import Accounts, settle_accounts

FIRST = create("ada@example.com", subject="cus_1", id="evt_1")
SECOND = rotate("ada@example.com", "mailer", "a new password", subject="cus_1", id="evt_2")


def event(command: Command, kind: str = "Done", body: str = "") -> Heard:
    document = {"data": {"command_id": command.id, "body": body}}
    return Heard("key", json.dumps(document).encode(), SimpleNamespace(message_id=f"event of {command.id}", type=kind))


def letter(command: Command, identity: str = "letter-1") -> Heard:
    headers = {"provisioning-command-id": command.id, "provisioning-dead-letter-id": identity}
    return Heard("key", command.message().body, SimpleNamespace(headers=headers))


def change(sequence: int, command: Command, effect: Effect = Effect.CHANGED) -> Entry:
    is_create = command.type == "CreateCustomer"
    return Entry(
        sequence=sequence,
        arrival=sequence,
        monotonic_seconds=0.0,
        epoch_seconds=0.0,
        verb="POST",
        path="/",
        query_names=(),
        api_user="acme",
        operation=Operation.ADD if is_create else Operation.CREDENTIAL_EDIT,
        username=command.username,
        credential_name="" if is_create else "mailer",
        secret_digest=command.data["password" if is_create else "new_credential_password"],
        fault=None,
        answer=AnswerKind.OK,
        status=200,
        effect=effect,
    )


SOUND = Accounts(
    commands=(FIRST, SECOND),
    events=(event(FIRST), event(SECOND)),
    letters=(),
    journal=(change(1, FIRST), change(2, SECOND)),
    failing=frozenset(),
    digest=lambda secret: secret,
)


def test_a_sound_story_is_counted() -> None:
    totals = settle_accounts(replace(SOUND, events=(*SOUND.events, event(FIRST))))
    assert (totals.commands, totals.events, totals.calls, totals.repeats) == (2, 3, 2, 1)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (replace(SOUND, events=(event(FIRST),)), "LOST"),
        (replace(SOUND, events=(*SOUND.events, event(FIRST, body="other"))), "other bytes"),
        (replace(SOUND, events=(*SOUND.events, event(create("x@x.com", id="evt_9")))), "never published"),
        (replace(SOUND, events=(event(FIRST, "CommandFailed"), event(SECOND))), "ended as"),
        (replace(SOUND, letters=(letter(FIRST),)), "1 dead letters instead of 0"),
        (replace(SOUND, failing=frozenset({"evt_1"})), "0 dead letters instead of 1"),
        (replace(SOUND, journal=(*SOUND.journal, change(3, FIRST))), "changed the state 2 times"),
        (replace(SOUND, journal=(change(2, SECOND),)), "changed the state 0 times"),
        (replace(SOUND, journal=(change(1, FIRST), change(2, SECOND, Effect.UNCHANGED))), "changed the state 0 times"),
        (replace(SOUND, journal=(*SOUND.journal, change(3, create("eve@example.com")))), "INVENTED"),
        (replace(SOUND, journal=(change(1, SECOND), change(2, FIRST))), "OVERTOOK evt_1"),
    ],
)
def test_each_broken_promise_is_named(broken: Accounts, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        settle_accounts(broken)


def test_a_failure_is_sound_with_one_letter_told_twice_and_no_change() -> None:
    failed = replace(
        SOUND,
        events=(event(FIRST), event(SECOND, "CommandFailed")),
        letters=(letter(SECOND), letter(SECOND)),
        journal=(change(1, FIRST),),
        failing=frozenset({"evt_2"}),
    )
    assert settle_accounts(failed).letters == 2


def test_a_letter_of_another_body_is_found() -> None:
    other = replace(letter(SECOND), body=b"other")
    failed = replace(SOUND, letters=(other,), failing=frozenset({"evt_2"}), journal=(change(1, FIRST),))
    with pytest.raises(AssertionError, match="has not its body"):
        settle_accounts(failed)

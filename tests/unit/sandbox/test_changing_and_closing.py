"""Changes of a customer, its removal, and what its credentials have to do with it."""

from collections.abc import Callable
from datetime import date

import pytest

from sandbox.provider.accounts.snapshot import take_snapshot
from sandbox.provider.operations.customers.closing import end_of_cycle
from sandbox.provider.operations.replies import Answer, AnswerKind
from sandbox.provider.settings import Delete, EmptyOnSet, Switches
from sandbox.provider.standin import StandIn

Say = Callable[..., Answer]

RENAME = {"method": "profile", "task": "setUsername", "user": "a@x.com"}


def names(standin: StandIn) -> list[str]:
    return list(take_snapshot(standin.accounts).customers)


def test_c43_a_rename_keeps_number_place_and_credentials(say: Say, standin: StandIn) -> None:
    before = take_snapshot(standin.accounts).customers["a@x.com"]

    assert say("manage", **RENAME, username="c@x.com").kind is AnswerKind.OK

    assert names(standin)[:3] == ["c@x.com", "b@x.com", "aa@x.com"]
    assert take_snapshot(standin.accounts).customers["c@x.com"] == before.model_copy(update={"username": "c@x.com"})
    assert standin.accounts.version == 1


def test_c43_the_old_name_is_free_and_no_tombstone(say: Say, standin: StandIn) -> None:
    say("manage", **RENAME, username="c@x.com")

    assert not standin.accounts.is_taken("a@x.com")
    assert not standin.accounts.is_tombstone("a@x.com")
    assert say("manage", method="profile", task="setUsername", user="b@x.com", username="a@x.com").kind is AnswerKind.OK


def test_c53_a_deletion_takes_credentials_along_and_leaves_a_tombstone(say: Say, standin: StandIn) -> None:
    assert say("delete", user="A@x.com").kind is AnswerKind.OK

    assert "a@x.com" not in names(standin)
    assert standin.accounts.tombstones == ("a@x.com", "gone@x.com")
    assert not standin.accounts.is_taken("cred1")
    assert standin.accounts.version == 1


@pytest.mark.parametrize(
    ("billing_day", "today", "closes_on"),
    [
        (None, "2011-02-28", "2011-03-01"),
        (None, "2011-12-31", "2012-01-01"),
        ("2011-03-15", "2011-03-14", "2011-03-15"),
        ("2011-03-15", "2011-03-15", "2011-04-15"),
        ("2011-03-31", "2011-03-31", "2011-04-30"),
    ],
)
def test_a_billing_cycle_ends_before_the_next_one_begins(billing_day: str | None, today: str, closes_on: str) -> None:
    billing_date = None if billing_day is None else date.fromisoformat(billing_day)

    assert str(end_of_cycle(billing_date, date.fromisoformat(today))) == closes_on


def test_a_closing_customer_is_gone_when_its_day_has_come(say: Say, standin: StandIn) -> None:
    standin.switches = Switches(today=date(2011, 2, 28), delete=Delete.CYCLE_END)
    say("delete", user="a@x.com")
    assert "a@x.com" in names(standin)

    standin.switches = Switches(today=date(2011, 3, 1))
    say("manage", method="profile", task="get")
    assert "a@x.com" not in names(standin)


def test_c39_an_empty_value_is_stored_or_ignored(say: Say, standin: StandIn) -> None:
    call = {"method": "profile", "task": "set", "user": "a@x.com", "city": ""}
    standin.switches = Switches(empty_on_set=EmptyOnSet.IGNORE)
    say("manage", **call)
    assert standin.accounts.version == 0

    standin.switches = Switches()
    say("manage", **call)
    assert take_snapshot(standin.accounts).customers["a@x.com"].city == ""


def test_c62_a_credential_is_deleted_once(say: Say, standin: StandIn) -> None:
    call = {"task": "delete", "user": "a@x.com", "credential_name": "CRED1"}

    assert [say("credential", **call).kind for _ in range(2)] == [AnswerKind.OK, AnswerKind.ERR]
    assert not standin.accounts.is_taken("cred1")

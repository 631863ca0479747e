"""RetrieveCustomers: every customer once, in pages that fit into an event, never a list that is short in silence."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from messages.commands import RetrieveCustomers
from messages.results import Outcome
from tests.fakes.provider import UNLISTED, FakeProvider
from tests.support.work_samples import USERNAME, create, create_command, envelope_of
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import HandlerRig
from worker.domain.ports import CustomerRow
from worker.domain.result_events import Success, succeeded
from worker.domain.work import Attempt
from worker.errors import NotApplied, OutcomeUnknown, Rejected, Throttled

MIB = 1_048_576


def retrieve(**asked: Any) -> RetrieveCustomers:  # noqa: ANN401 - any field of the command
    return RetrieveCustomers.model_validate(asked)


@pytest.fixture
def rig() -> HandlerRig:
    """It has Ada and four more, the third of them disabled."""
    rig = HandlerRig()
    for number in range(1, 5):
        rig.provider.add(create_command(username=f"customer-{number}", email=f"{number}@example.com"))
    rig.provider.customers["customer-3"].fields["active"] = "false"
    return rig


def test_odd_rows_are_reported_with_what_can_be_read_of_them(rig: HandlerRig, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [CustomerRow({}), CustomerRow({"username": "", "id": "7"}), CustomerRow({"username": "12", "zip": "1.50"})]
    monkeypatch.setattr(FakeProvider, "search", lambda *_: iter(odd))

    assert customers_of(rig.handle(retrieve(), FIRST)) == (
        {},
        {"id": "7", "username": ""},
        {"username": "12", "zip": "1.50"},
    )


def customers_of(done: Success) -> tuple[dict[str, str], ...]:
    customers = done.added["customers"]
    assert isinstance(customers, tuple)
    return customers


def names(done: Success) -> list[str]:
    return [customer["username"] for customer in customers_of(done)]


def next_of(done: Success) -> int | None:
    offset = done.added["next_offset"]
    assert offset is None or isinstance(offset, int)
    return offset


def pages(rig: HandlerRig, limit: int) -> Iterator[Success]:
    """Ask for page after page, each where the last one said."""
    offset: int | None = 0
    while offset is not None:
        done = rig.handle(retrieve(limit=limit, offset=offset), FIRST)
        yield done
        offset = next_of(done)


class Rows(FakeProvider):
    """Lists what it is given; remembers how many rows were asked for, and can break off."""

    def __init__(self, rows: list[dict[str, str]], breaks_after: int | None = None) -> None:
        super().__init__()
        self.rows = rows
        self.asked_for = 0
        self.breaks_after = breaks_after

    def search(self, _filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """List them."""
        for row in self.rows:
            if self.asked_for == self.breaks_after:
                raise OutcomeUnknown("the second page was lost")
            self.asked_for += 1
            yield CustomerRow(row)


def rows(count: int, address: str = "") -> list[dict[str, str]]:
    return [{"username": f"customer-{number}", "address": address} for number in range(count)]


def event_bytes(done: Success) -> bytes:
    envelope = replace(envelope_of(create()), type="RetrieveCustomers", data=retrieve())
    return succeeded(envelope, "event-1", done, 1, "2026-11-21T09:30:00.000Z").body


@pytest.mark.parametrize(
    ("limit", "offset", "expected", "next_offset"),
    [
        (100, 0, [USERNAME, "customer-1", "customer-2", "customer-3", "customer-4"], None),
        (5, 0, [USERNAME, "customer-1", "customer-2", "customer-3", "customer-4"], None),
        (4, 0, [USERNAME, "customer-1", "customer-2", "customer-3"], 4),
        (2, 2, ["customer-2", "customer-3"], 4),
        (2, 4, ["customer-4"], None),
        (2, 5, [], None),
        (2, 100, [], None),
    ],
)
def test_a_page_says_where_the_next_one_begins(
    rig: HandlerRig, limit: int, offset: int, expected: list[str], next_offset: int | None
) -> None:
    done = rig.handle(retrieve(limit=limit, offset=offset), FIRST)

    assert names(done) == expected
    assert done.added["next_offset"] == next_offset


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_page_after_page_lists_everybody_once(rig: HandlerRig, limit: int) -> None:
    collected = [name for done in pages(rig, limit) for name in names(done)]

    assert collected == list(rig.provider.customers)


def test_no_more_is_read_than_the_page_and_the_row_behind_it(rig: HandlerRig) -> None:
    rig.provider = provider = Rows(rows(100))

    rig.handle(retrieve(limit=10, offset=20), FIRST)

    assert provider.asked_for == 31


@pytest.mark.parametrize(
    ("asked", "filters"),
    [
        ({}, "search"),
        ({"active": False}, "search active=false"),
        ({"active": True, "city": "London"}, "search active=true city=London"),
        ({"username": "customer", "limit": 7, "offset": 1}, "search username=customer"),
    ],
)
def test_the_provider_is_asked_for_the_filters_alone(rig: HandlerRig, asked: dict[str, Any], filters: str) -> None:
    rig.handle(retrieve(**asked), FIRST)

    assert rig.provider.calls == [filters]


def test_the_filter_decides_who_is_listed(rig: HandlerRig) -> None:
    assert names(rig.handle(retrieve(active=False), FIRST)) == ["customer-3"]


def test_only_known_fields_are_reported_and_only_those_that_are_listed(rig: HandlerRig) -> None:
    rig.provider.unlisted.difference_update(UNLISTED)
    rig.provider.unlisted.add("phone")
    rig.provider.customers[USERNAME].fields["favourite_colour"] = "blue"

    [ada] = customers_of(rig.handle(retrieve(username=USERNAME), FIRST))

    assert list(ada) == [
        *("id", "username", "email", "active", "first_name", "last_name", "address", "address2", "city", "state"),
        *("zip", "country", "website", "website_access"),
    ]


@pytest.mark.parametrize("address", ["x" * 5_000, "\u00e9" * 2_500, '"\\\n\x01' * 500, "\u4e2d\U0001f600" * 700])
def test_a_list_too_long_for_an_event_is_cut_and_says_so(rig: HandlerRig, address: str) -> None:
    rig.provider = Rows(rows(500, address))

    collected = list(pages(rig, 500))

    assert [len(event_bytes(done)) < MIB for done in collected] == [True] * len(collected)
    assert [name for done in collected for name in names(done)] == [row["username"] for row in rows(500)]
    assert len(collected) > 1


def test_a_page_is_filled_before_it_is_cut(rig: HandlerRig) -> None:
    rig.provider = Rows(rows(500, "x" * 5_000))

    assert len(event_bytes(rig.handle(retrieve(limit=500), FIRST))) > 990_000


@pytest.mark.parametrize("offset", [0, 2])
def test_a_customer_too_large_for_any_event_is_named_and_refused(rig: HandlerRig, offset: int) -> None:
    listed = rows(5)
    listed[offset]["address"] = "x" * 1_000_000
    rig.provider = Rows(listed)

    with pytest.raises(Rejected, match=f"customer customer-{offset} alone .* with offset {offset + 1}"):
        rig.handle(retrieve(offset=offset), FIRST)


def test_a_customer_too_large_for_any_event_does_not_hide_those_before_it(rig: HandlerRig) -> None:
    listed = rows(5)
    listed[3]["address"] = "x" * 1_000_000
    rig.provider = Rows(listed)

    done = rig.handle(retrieve(), FIRST)

    assert (len(names(done)), done.added["next_offset"]) == (3, 3)


def test_half_a_character_does_not_keep_the_event_from_being_written(rig: HandlerRig) -> None:
    rig.provider = Rows(rows(1, "\ud83d"))

    event = json.loads(event_bytes(rig.handle(retrieve(), FIRST)))

    assert event["data"]["customers"] == [{"username": "customer-0", "address": "?"}]


@pytest.mark.parametrize("breaks_after", [0, 2])
@pytest.mark.parametrize(
    ("attempt", "ended"), [(FIRST, OutcomeUnknown), (BEGUN, OutcomeUnknown), (LAST_LOOK, NotApplied)]
)
def test_a_list_that_breaks_off_is_no_list(
    rig: HandlerRig, attempt: Attempt, ended: type[Exception], breaks_after: int
) -> None:
    rig.provider = Rows(rows(5), breaks_after)

    assert rig.end(retrieve(), attempt) is ended


@pytest.mark.parametrize("attempt", [FIRST, BEGUN, UNREMEMBERED, LAST_LOOK])
def test_whatever_came_before_the_list_is_read_and_applied(rig: HandlerRig, attempt: Attempt) -> None:
    assert rig.handle(retrieve(limit=1), attempt).outcome is Outcome.APPLIED


@pytest.mark.parametrize("failure", [Throttled("slow down", 5.0), Rejected("no such filter", ("no such filter",))])
def test_a_pause_and_a_refusal_are_passed_on(rig: HandlerRig, failure: Throttled | Rejected) -> None:
    rig.provider.fail_next(failure, "search")

    assert rig.end(retrieve(), LAST_LOOK) is type(failure)

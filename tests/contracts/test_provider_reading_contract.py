"""The port `Provider`: what can be read of it, and how surely."""

from collections.abc import Mapping

import pytest

from messages.commands import DeleteCustomer
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.settings import Switches
from tests.contracts.provider_commands import about, creating
from tests.contracts.provider_places import (
    ADA,
    GONE,
    NEIGHBOUR,
    NEW,
    NOBODY,
    OFF,
    THEIRS,
    Dialect,
    Place,
    SandboxPlace,
)
from worker.domain.ports import READABLE_FIELDS
from worker.errors import Rejected


def found(place: Place, filters: Mapping[str, str]) -> list[str]:
    return [row.username for row in place.provider.search(filters)]


def test_a_customer_is_found_with_every_readable_field(place: Place) -> None:
    command = creating(first_name="Zoë", last_name="Łukasz", website="https://ada.example.com/a?b=c&d=e")
    place.provider.apply(command)

    row = place.provider.find(NEW)

    assert row is not None
    assert row.differences(command.revealed()) == ()
    assert row.active
    assert row.website_access is not False


@pytest.mark.parametrize("name", READABLE_FIELDS)
def test_every_readable_field_makes_a_difference(place: Place, name: str) -> None:
    row = place.provider.find(ADA)

    assert row is not None
    assert row.differences({**row.fields, name: "something else"}) == (name,)


@pytest.mark.parametrize("username", [NOBODY, "@x.com", "a", "A@X.COM", GONE, THEIRS])
def test_only_the_very_same_name_of_ours_is_found(place: Place, username: str) -> None:
    assert place.provider.find(username) is None


@pytest.mark.parametrize("username", [ADA, NEIGHBOUR])
def test_a_name_within_another_is_not_mistaken_for_it(place: Place, username: str) -> None:
    row = place.provider.find(username)

    assert row is not None
    assert row.username == username


def test_who_may_not_send_is_listed_so(place: Place) -> None:
    row = place.provider.find(OFF)

    assert row is not None
    assert row.active is False


def test_a_search_for_nothing_in_particular_lists_everybody_once(place: Place) -> None:
    for number in range(5):
        place.provider.apply(creating(f"more{number}@x.com"))

    assert sorted(found(place, {})) == sorted(place.names())


@pytest.mark.parametrize(
    ("filters", "matching"),
    [
        ({"username": OFF}, {OFF}),
        ({"email": NEIGHBOUR}, {NEIGHBOUR}),
        ({"email": OFF, "active": "false"}, {OFF}),
        ({"email": OFF, "active": "true"}, set()),
        ({"username": OFF, "email": NEIGHBOUR}, set()),
        ({"username": NOBODY}, set()),
        ({"username": THEIRS}, set()),
    ],
)
def test_a_search_lists_those_who_match_every_filter(place: Place, filters: dict[str, str], matching: set[str]) -> None:
    assert set(found(place, filters)) == matching


def test_a_search_filter_beyond_ascii_is_understood(place: Place) -> None:
    place.provider.apply(creating(city="Łódź & Zürich"))

    assert found(place, {"city": "Łódź & Zürich"}) == [NEW]


def test_a_search_that_nobody_reads_to_its_end_does_no_harm(place: Place) -> None:
    assert next(place.provider.search({})).username
    assert place.provider.find(ADA) is not None


def test_the_target_of_a_v3_call_is_reported_by_its_name(place: Place) -> None:
    assert place.provider.acting_for(ADA) == ADA
    assert place.provider.acting_for(OFF) == OFF


@pytest.mark.parametrize("username", [NOBODY, THEIRS, GONE])
def test_who_is_not_ours_is_no_target(place: Place, username: str) -> None:
    with pytest.raises(Rejected):
        place.provider.acting_for(username)


def test_the_reseller_itself_is_no_target(place: Place) -> None:
    place.ignore_on_behalf_of_strangers()

    for ignored in (NOBODY, "account-id 0"):
        with pytest.raises(Rejected, match="itself"):
            place.provider.acting_for(ignored)


def test_a_deleted_customer_is_no_target(place: Place) -> None:
    place.provider.apply(about(DeleteCustomer))

    with pytest.raises(Rejected):
        place.provider.acting_for(ADA)


def test_the_probe_succeeds_and_changes_nothing(place: Place) -> None:
    before = place.customer()

    place.provider.probe()

    assert (place.names(), place.customer()) == ({ADA, OFF, NEIGHBOUR}, before)


@pytest.mark.parametrize("page_size", [1, 2, 3])
def test_who_stays_is_listed_also_when_another_goes_while_it_is_read(stand_in: RemoteSandbox, page_size: int) -> None:
    place = SandboxPlace(stand_in, Dialect(Switches(page_size=page_size)))
    for number in range(3):
        place.provider.apply(creating(f"more{number}@x.com"))
    search = place.provider.search({})
    gone = next(search).username

    place.provider.apply(about(DeleteCustomer, gone))

    rest = [row.username for row in search]
    assert sorted(rest) == sorted(place.names())
    place.provider.close()

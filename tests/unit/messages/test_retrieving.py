"""The search for customers: everything may be left out, and no list is without an end."""

import pytest

from messages.commands import RetrieveCustomers
from messages.envelope import decode
from tests.unit.messages.wire import broken, structured


def test_an_empty_search_asks_for_the_first_hundred() -> None:
    read = decode(structured({}, type="RetrieveCustomers")).data

    assert isinstance(read, RetrieveCustomers)
    assert read.revealed() == {"limit": 100, "offset": 0}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("limit", (1, 500), ((0, "at least 1"), (-1, "at least 1"), (501, "at most 500"))),
        ("offset", (0, 10_000_000), ((-1, "at least 0"), (10_000_001, "at most 10000000"))),
    ],
)
def test_a_page_has_bounds(field: str, good: tuple[int, ...], bad: tuple[tuple[int, str], ...]) -> None:
    for value in good:
        assert broken("RetrieveCustomers", **{field: value}) == ()
    for value, rule in bad:
        assert broken("RetrieveCustomers", **{field: value}) == (f"{field}: must be {rule}",)


@pytest.mark.parametrize("field", ["limit", "offset"])
def test_a_bound_is_a_whole_number(field: str) -> None:
    for value in ("10", 1.5, 10.0, True, None, [10]):
        assert broken("RetrieveCustomers", **{field: value}) == (f"{field}: must be a whole number",)


def test_a_filter_on_activity_is_true_or_false() -> None:
    for value in (True, False, None):
        assert broken("RetrieveCustomers", active=value) == ()
    for spoiled in ("true", 1, "yes"):
        assert broken("RetrieveCustomers", active=spoiled) == ("active: must be true or false",)


def test_a_filter_need_not_be_a_whole_name() -> None:
    assert broken("RetrieveCustomers", username="7", email="@") == ()

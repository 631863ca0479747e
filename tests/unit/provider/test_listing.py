"""A list is read to its end in pages, whatever their size, while customers come and go between them."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product

import pytest

from tests.unit.provider.rig import Rig, form
from worker.errors import OutcomeUnknown, ProviderLogin
from worker.provider.calls import PAGE_ROWS
from worker.provider.wire.transport import HttpAnswer, HttpRequest

Names = list[str]
Change = Callable[[Names], None]


@dataclass
class Lister:
    """Lists names, at most `cap` of them at once, and lets something happen after the reading of that number."""

    names: Names
    cap: int = 500
    after: dict[int, Change] = field(default_factory=dict)
    always: Change = lambda _: None
    knows_pages: bool = True
    offsets: list[int] = field(default_factory=list)

    def send(self, request: HttpRequest, _within_seconds: float) -> HttpAnswer:
        """Answer with a page."""
        asked = dict(form(request))
        offset = int(asked.get("offset", "0"))
        start = offset if self.knows_pages else 0
        page = self.names[start : start + min(self.cap, int(asked["limit"]))]
        self.offsets.append(offset)
        self.after.get(len(self.offsets), self.always)(self.names)
        return HttpAnswer(200, {}, json.dumps([{"username": name} for name in page]).encode())

    def close(self) -> None:
        """Nothing to close."""

    def read(self) -> Names:
        """Every name that the client finds."""
        rig = Rig()
        rig.client._caller._transport = self  # type: ignore[assignment]  # stands in for it
        return [row.username for row in rig.client.search({})]


def goes(name: str) -> Change:
    return lambda names: names.remove(name)


def comes(name: str, at: int = 0) -> Change:
    return lambda names: names.insert(at, name)


def grows(names: Names) -> None:
    names.insert(0, f"new {len(names)}")


@pytest.mark.parametrize("cap", [1, 2, 3, 4, 5, 6, 500])
def test_every_row_is_read_once_and_in_order(cap: int) -> None:
    for names in ("", "a", "ab", "abc", "abcde"):
        assert Lister(list(names), cap).read() == list(names)


@pytest.mark.parametrize(("names", "calls"), [("", 1), ("a", 3), ("ab", 2), ("abcde", 2)])
def test_a_list_on_one_page_takes_few_calls(names: str, calls: int) -> None:
    lister = Lister(list(names))
    lister.read()

    assert len(lister.offsets) == calls


def test_a_long_list_is_read_page_by_page() -> None:
    names = [f"customer {number}" for number in range(1_200)]
    lister = Lister(list(names), PAGE_ROWS)

    assert lister.read() == names
    assert lister.offsets == [0, 499, 998, 1199]


@pytest.mark.parametrize("cap", [1, 2, 3, 4])
def test_nobody_who_stays_is_missed_while_somebody_goes(cap: int) -> None:
    for gone, reading in product("abcdef", range(1, 8)):
        read = Lister(list("abcdef"), cap, {reading: goes(gone)}).read()

        assert set("abcdef") - {gone} <= set(read), (gone, reading)
        assert len(read) == len(set(read)), (gone, reading)


@pytest.mark.parametrize("cap", [1, 2, 3, 4])
def test_nobody_who_stays_is_missed_while_somebody_comes(cap: int) -> None:
    for at, reading in product(range(7), range(1, 8)):
        read = Lister(list("abcdef"), cap, {reading: comes("new", at)}).read()

        assert set("abcdef") <= set(read), (at, reading)
        assert len(read) == len(set(read)), (at, reading)


@pytest.mark.parametrize("cap", [1, 2, 3])
def test_nobody_who_stays_is_missed_while_some_go_and_some_come(cap: int) -> None:
    after = {1: goes("a"), 2: comes("x"), 3: goes("b"), 5: comes("y", 2), 6: goes("e")}

    assert set("cdf") <= set(Lister(list("abcdef"), cap, after).read())


@pytest.mark.parametrize("names", ["a", "ab", "abcdef"])
@pytest.mark.parametrize("cap", [1, 2, 500])
def test_a_server_that_knows_no_pages_is_read_to_the_end_of_what_it_gives(names: str, cap: int) -> None:
    lister = Lister(list(names), cap, knows_pages=False)

    assert lister.read() == list(names)[:cap]
    assert len(lister.offsets) == 3


@pytest.mark.parametrize("cap", [1, 2, 3])
def test_a_list_that_changes_with_every_page_is_given_up(cap: int) -> None:
    lister = Lister(list("abcdef"), cap, always=grows)

    with pytest.raises(OutcomeUnknown, match="changes too fast") as raised:
        lister.read()

    assert raised.value.login is ProviderLogin.V2
    assert lister.offsets.count(0) <= 10


def test_rows_that_go_round_in_circles_have_an_end() -> None:
    with pytest.raises(OutcomeUnknown, match="changes too fast"):
        Lister(list("aba"), knows_pages=False).read()

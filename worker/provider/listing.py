"""Reads the provider's list to its end, page by page, while customers come and go."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from worker.domain.ports import CustomerRow
from worker.errors import OutcomeUnknown, ProviderLogin

_MOST_BEGINNINGS = 5


_Name = str | frozenset[tuple[str, str]]


class _Changed(Exception):
    """What was read no longer fits to what follows."""


class Listing:
    """One question's rows; `read_page` gives those after so many others, as many as the provider likes at once.

    A customer that goes meanwhile moves all that follow one place to the front, and one of them past the end of a page
    that was read. So each page is asked for with the last row of the one before it: when that row is not its first, the
    list is read from its start again.
    """

    def __init__(self, read_page: Callable[[int], list[CustomerRow]]) -> None:
        self._read_page = read_page
        self._given: set[_Name] = set()

    def rows(self) -> Iterator[CustomerRow]:
        """Every row once, those of a page when the ones before it are used up.

        Raises OutcomeUnknown when the list changes faster than it can be read.
        """
        for _ in range(_MOST_BEGINNINGS):
            with suppress(_Changed):
                for page in self._pages():
                    yield from self._not_given(page)
                return
        failure = OutcomeUnknown("the provider's list changes too fast to be read")
        failure.login = ProviderLogin.V2
        raise failure

    def _not_given(self, page: Sequence[CustomerRow]) -> Iterator[CustomerRow]:
        for row in page:
            if _name(row) not in self._given:
                self._given.add(_name(row))
                yield row

    def _pages(self) -> Iterator[list[CustomerRow]]:
        """One reading from the start. Raises _Changed when it has lost its place, or goes round in circles."""
        first = page = self._read_page(0)
        read = len(first)
        one_by_one = True
        met: set[_Name] = set()
        while page:
            if met.issuperset(_names(page)):
                raise _Changed
            met.update(_names(page))
            yield page
            one_by_one = one_by_one and len(page) == 1
            page = self._next_single(page[-1], read) if one_by_one else self._next(page[-1], read, first)
            read += len(page)

    def _next(self, last: CustomerRow, read: int, first: list[CustomerRow]) -> list[CustomerRow]:
        page = self._read_page(read - 1)
        if _begins_with(page, last):
            return page[1:]
        # A server that knows no pages gives all rows again; one that knows them may do so once, as others came before.
        if _names(page) == _names(first) == _names(self._read_page(0)):
            return []
        raise _Changed

    def _next_single(self, last: CustomerRow, read: int) -> list[CustomerRow]:
        """Where a page may hold one row only, the last one does not fit beside the next: it is looked at afterwards."""
        page = self._read_page(read)
        if not _begins_with(self._read_page(read - 1), last):
            raise _Changed
        return [] if _names(page) == [_name(last)] else page


def _begins_with(page: Sequence[CustomerRow], row: CustomerRow) -> bool:
    return bool(page) and _name(page[0]) == _name(row)


def _names(page: Sequence[CustomerRow]) -> list[_Name]:
    return [_name(row) for row in page]


def _name(row: CustomerRow) -> _Name:
    # What distinguishes a row without a name from the next one is all that it says.
    return row.username or frozenset(row.fields.items())

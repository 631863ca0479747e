"""`provisioning-worker customers list`: the provider's own list of customers."""

import difflib
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated

import typer
from pydantic import ValidationError

from messages.commands import RetrieveCustomers
from messages.errors import faults_of
from worker.cli.terminal.output import Column, Output, Row, say, show_rows, stream_rows
from worker.cli.terminal.signals import explained_if_ended
from worker.domain.ports import READABLE_FIELDS, CustomerRow
from worker.errors import NotSent, OutcomeUnknown, ProviderError, Throttled, Unauthorized
from worker.exits import Exit
from worker.from_settings import provider_config
from worker.provider.client import ProviderClient
from worker.settings import ProviderReach, load

_FIELDS = tuple(name for name in RetrieveCustomers.model_fields if name not in {"limit", "offset"})
_COMPARABLE = frozenset((*READABLE_FIELDS, "active"))
_FLAGS = {"true": True, "false": False}
_COLUMNS = tuple(map(Column, ("username", "email", "active", "first_name", "last_name", "city", "country")))

_BASE_URL = "PROVISIONING_PROVIDER__BASE_URL"
_ENDINGS: tuple[tuple[type[ProviderError], Exit, str], ...] = (
    (Unauthorized, Exit.CONFIGURATION, "`provisioning-worker config show` tells where each setting comes from"),
    (NotSent, Exit.UNREACHABLE, f"is the provider up, and is {_BASE_URL} its address?"),
    (Throttled, Exit.UNREACHABLE, "ask again later; every worker with this login shares its limit"),
    (OutcomeUnknown, Exit.UNREACHABLE, f"ask again; if it stays so, is {_BASE_URL} the provider's address?"),
)


def commands() -> typer.Typer:
    """The noun's commands."""
    app = typer.Typer(help="The customers, as the provider itself lists them.", no_args_is_help=True)
    app.command("list")(list_customers)
    return app


def list_customers(
    where: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=VALUE", help=f"May be repeated. Fields: {', '.join(_FIELDS)}.")
    ] = None,
    *,
    exact: Annotated[bool, typer.Option("--exact", help="Leave out what only contains the value.")] = False,
    limit: Annotated[int | None, typer.Option(help="Show no more than so many.", min=1)] = None,
    offset: Annotated[int, typer.Option(help="Pass over so many.", min=0)] = 0,
    output: Annotated[Output, typer.Option(help="How to print it.")] = Output.AUTO,
) -> None:
    """List the provider's customers: all of them, page after page, or those that match every --where.

    The provider finds whatever contains the value, in upper or lower case; --exact compares it whole, with its case.
    Exit codes: 69 when the provider cannot be reached or gives no answer, 78 when it refuses the login.
    """
    filters = _filters(where or (), exact=exact)
    client = ProviderClient(provider_config(load(ProviderReach)), _never)
    found = (row for row in client.search(filters) if not exact or _is_exactly(row, filters))
    shown = _Shown(found, offset, limit)
    try:
        with explained_if_ended(lambda: f"{shown.count} customers had been read"):
            _show(shown, output)
    except ProviderError as failure:
        sys.exit(_explained(failure, shown.count))
    finally:
        client.close()
    if shown.has_more:
        say(f"there are more; the next ones follow with --offset {offset + shown.count}")
    if not shown.count:
        say(f"{_why_none(shown, exact=exact)}")


class _Shown:
    """The rows to print, counted while they are; asks for one beyond the limit, to know whether there is one.

    `passed_over` is how many came before them: less than the offset when the list ends there.
    """

    def __init__(self, rows: Iterator[CustomerRow], offset: int, limit: int | None) -> None:
        self._rows = rows
        self._limit = limit
        self.offset = offset
        self.passed_over = 0
        self.count = 0
        self.has_more = False

    def __iter__(self) -> Iterator[Row]:
        """Each row, as the provider wrote it."""
        for _ in islice(self._rows, self.offset):
            self.passed_over += 1
        for row in self._rows:
            if self.count == self._limit:
                self.has_more = True
                return
            self.count += 1
            yield dict(row.fields)


def _why_none(shown: _Shown, *, exact: bool) -> str:
    if shown.passed_over:
        match = "1 customer matches" if shown.passed_over == 1 else f"{shown.passed_over} customers match"
        return f"--offset {shown.offset} is beyond the end: {match}"
    return "no customer matches" + ("; --exact tells upper from lower case, so try it without" if exact else "")


def _show(shown: _Shown, output: Output) -> None:
    if output is Output.JSONL or (output is Output.AUTO and not sys.stdout.isatty()):
        stream_rows(shown)
    else:
        show_rows(list(shown), _COLUMNS, output)


def _explained(failure: ProviderError, count: int) -> Exit:
    """Say what happened and what to do next; returns what to exit with."""
    ending = next(((code, advice) for kind, code, advice in _ENDINGS if isinstance(failure, kind)), None)
    code, advice = ending or (Exit.FAILED, "mend the question and ask again")
    so_far = f"the list broke off after {count} customers: " if count else ""
    say(f"{so_far}{failure.detail}; {advice}")
    return code


def _filters(words: Sequence[str], *, exact: bool) -> dict[str, str]:
    """The filters that were typed; ends the program with a usage error that names the first fault."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in _FIELDS:
            raise _refused(_no_field(word, name))
        if not equals or not value:
            raise _refused(f"{name} has no value; write {name}=VALUE")
        if name in found:
            raise _refused(f"{name} is given twice; a customer has one")
        if exact and name not in _COMPARABLE:
            raise _refused(f"{name} cannot be compared by --exact, because the provider does not list it")
        found[name] = value
    _check(found)
    return found


def _no_field(word: str, name: str) -> str:
    near = difflib.get_close_matches(name, _FIELDS, n=1)
    if near:
        return f"{name} is not a field; did you mean {near[0]}?"
    fault = f"{name} is not a field" if name else f"{word} names no field"
    return f"{fault}; write FIELD=VALUE with one of: {', '.join(_FIELDS)}"


def _check(filters: Mapping[str, str]) -> None:
    active = _FLAGS.get(filters.get("active", ""))
    if "active" in filters and active is None:
        raise _refused("active: must be true or false")
    try:
        RetrieveCustomers.model_validate({**filters, **({} if active is None else {"active": active})})
    except ValidationError as exc:
        raise _refused(faults_of(exc)[0]) from None


def _refused(fault: str) -> typer.BadParameter:
    return typer.BadParameter(fault, param_hint="--where")


def _is_exactly(row: CustomerRow, filters: Mapping[str, str]) -> bool:
    return all(row.fields.get(name) == value for name, value in filters.items())


def _never() -> bool:
    # It only reads; were it ever to write, no ledger would know.
    return False

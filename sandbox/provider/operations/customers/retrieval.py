"""Retrieve: the reseller's own customers that pass every search filter, as rows of strings."""

import re
from collections.abc import Mapping
from typing import Final

from sandbox.provider.accounts.records import Customer
from sandbox.provider.operations.calls import Form, Operation, ServedCall
from sandbox.provider.operations.replies import Refused, Reply, Rows
from sandbox.provider.operations.served import Served
from sandbox.provider.settings import Filter, RowExtra, Switches

_TEXT_FILTERS: Final = (
    "username",
    "email",
    "first_name",
    "last_name",
    "address",
    "city",
    "state",
    "country",
    "zip",
    "phone",
    "website",
    "company",
)
# As long as any list can be: Python refuses to read numbers of thousands of digits.
_NUMBER: Final = re.compile("[0-9]{1,9}")
_ACTIVE: Final = {"": None, "true": True, "1": True, "false": False, "0": False}


def retrieve(call: ServedCall) -> Reply:
    """All matching rows, oldest customer first; an array for no row and for one. Deleted customers are gone."""
    form = call.form
    limit, offset = _page(call)
    if form.get("active") not in _ACTIVE or limit is None or offset is None:
        return Refused(("active must be true or false; limit and offset must be numbers",))
    own = [customer for customer in call.accounts.customers() if customer.reseller == call.reseller.api_user]
    if form.get("id"):
        own = [customer for customer in own if str(customer.number) == form.get("id")]
    page = _matching(own, form, call.switches.filter)[offset : offset + limit if limit else None]
    return Rows(tuple(_row(customer, call.switches) for customer in page))


def _page(call: ServedCall) -> tuple[int | None, int | None]:
    """How many rows are answered (0: all), after how many; None for what is no number.

    A page is never longer than the switch says, however many rows were asked for.
    """
    longest = call.switches.page_size
    if not call.switches.paging:
        return longest, 0
    limit, offset = (_number(call.form.get(name) or "0") for name in ("limit", "offset"))
    return limit if limit is None else min(limit or longest, longest or limit), offset


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None


def _matching(customers: list[Customer], form: Form, how: Filter) -> list[Customer]:
    """Those that pass all the filters; an empty filter is none."""
    active = _ACTIVE[form.get("active")]
    found = customers if active is None else [customer for customer in customers if customer.active is active]
    for name in _TEXT_FILTERS:
        if form.get(name):
            found = _having(found, name, form.get(name).lower(), how)
    return found


def _having(customers: list[Customer], name: str, wanted: str, how: Filter) -> list[Customer]:
    """Those whose field matches: as a substring by default, so a search for one username may find a longer one.

    Written as plain scans, since a load test searches thousands of customers.
    """
    match how:
        case Filter.SUBSTRING:
            return [customer for customer in customers if wanted in getattr(customer, name).lower()]
        case Filter.PREFIX:
            return [customer for customer in customers if getattr(customer, name).lower().startswith(wanted)]
        case Filter.EXACT:
            return [customer for customer in customers if getattr(customer, name).lower() == wanted]


def _row(customer: Customer, switches: Switches) -> Mapping[str, str]:
    """The twelve documented fields and those switched on, in the recorded order. Never a password, nor the company."""
    extras = switches.row_extra
    row = {"id": str(customer.number)} if RowExtra.ID in extras else {}
    row |= {"username": customer.username, "email": customer.email, "active": _word(on=customer.active)}
    row |= {"first_name": customer.first_name, "last_name": customer.last_name, "address": customer.address}
    row |= {"address2": customer.address2} if RowExtra.ADDRESS2 in extras else {}
    row |= {"city": customer.city, "state": customer.state, "zip": customer.zip, "country": customer.country}
    row |= {"phone": customer.phone, "website": customer.website}
    row |= {"website_access": _word(on=customer.website_access)} if RowExtra.WEBSITE_ACCESS in extras else {}
    return row


def _word(*, on: bool) -> str:
    return "true" if on else "false"


SERVED: Final = (Served(Operation.RETRIEVE, retrieve, ("manage", "profile", "get")),)

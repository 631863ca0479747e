"""RetrieveCustomers: a read. It is cut into pages of our own, each small enough for one event."""

from collections.abc import Mapping
from itertools import islice

from pydantic_core import to_json

from messages.commands import RetrieveCustomers
from messages.results import Outcome
from worker.domain.ports import CustomerRow, Provider
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import NotApplied, OutcomeUnknown, Rejected

#: What is published of a customer, where the provider lists it, in this order.
LISTED_FIELDS = (
    "id",
    "username",
    "email",
    "active",
    "first_name",
    "last_name",
    "address",
    "address2",
    "city",
    "state",
    "zip",
    "country",
    "phone",
    "website",
    "website_access",
)
#: An event is at most 1 MiB; this leaves room for its envelope.
MAX_ROWS_BYTES = 1_000_000


def retrieve_customers(provider: Provider, command: RetrieveCustomers, attempt: Attempt) -> Success:
    """List customers. A read has no effect, so a failed attempt is repeated without a look. Raises NotApplied."""
    try:
        page = _page(provider, command)
    except OutcomeUnknown as failure:
        if attempt.may_write:
            raise
        raise NotApplied(f"the customers could not be listed, and no attempts are left: {failure.detail}") from failure
    return Success(Outcome.APPLIED, page)


def _page(provider: Provider, command: RetrieveCustomers) -> Mapping[str, object]:
    """What the event adds: the customers, and where the next page begins, if there is one."""
    taken: list[dict[str, str]] = []
    room = MAX_ROWS_BYTES
    for row in islice(provider.search(_filters(command)), command.offset, None):
        customer = _listed(row)
        room -= len(to_json(customer)) + 1  # the comma
        if len(taken) == command.limit or (taken and room < 0):
            return {"customers": tuple(taken), "next_offset": command.offset + len(taken)}
        if room < 0:
            raise Rejected(
                f"customer {customer.get('username')} alone is larger than an event may be; pass over it with offset "
                f"{command.offset + 1}"
            )
        taken.append(customer)
    return {"customers": tuple(taken), "next_offset": None}


def _filters(command: RetrieveCustomers) -> Mapping[str, str]:
    given = {name: value for name, value in command.revealed().items() if name not in {"limit", "offset"}}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}


def _listed(row: CustomerRow) -> dict[str, str]:
    return {name: _writable(row.fields[name]) for name in LISTED_FIELDS if name in row.fields}


def _writable(text: str) -> str:
    # JSON can spell half a character; UTF-8, in which events are written, cannot.
    return text.encode("utf-8", "replace").decode("utf-8")

"""Commands about a customer as a whole: whether it exists, may send, may log in; and the list of all of them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from messages.commands.command import Command, CustomerCommand, SetCommand
from messages.commands.samples import ADDRESS, CUSTOMER, PROFILE
from messages.fields import Text255
from messages.results import Succeeded

MAX_ROWS = 500
_MAX_OFFSET = 10_000_000


class CustomerDeleted(Succeeded):
    """The customer's account is closed."""


class DeleteCustomer(CustomerCommand):
    """Close the customer's account for good; its username can never be used again."""

    event = CustomerDeleted
    examples = (CUSTOMER,)


_AS_TEXT = "`true` or `false`, as text and not as a boolean"
_ROW_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "username": "Its name, as the provider spells it.",
        "active": f"Whether it may send: {_AS_TEXT}.",
        **dict.fromkeys(
            ("email", "first_name", "last_name", "address", "city", "state", "zip", "country", "phone", "website"),
            "As the provider has it.",
        ),
        "id": "The provider's number of the account; only when the provider gives it.",
        "address2": "The address's second line; only when the provider gives it.",
        "website_access": f"Whether it may log in on the website: {_AS_TEXT}; only when the provider gives it.",
    }
)
_Row = Annotated[
    dict[str, str],
    Field(
        json_schema_extra={
            "properties": {
                name: {"type": "string", "description": description} for name, description in _ROW_TEXTS.items()
            }
        }
    ),
]
_FILTERS = MappingProxyType({**CUSTOMER, "email": ADDRESS, "active": True, **PROFILE, "limit": 500, "offset": 500})


class CustomersRetrieved(Succeeded):
    """One page of the customers, as the provider lists them. An event has at most 1 MiB, so a page may be short."""

    customers: tuple[_Row, ...] = Field(
        description="One object for each customer: the provider's own fields, all of them text; what the provider does"
        " not list is left out. `company` is never listed."
    )
    offset: int = Field(description="How many were passed over.")
    next_offset: int | None = Field(description="The `offset` of the next page; null when there are no more.")


class RetrieveCustomers(Command):
    """List customers. A filter finds what contains it; all filters given must match.

    It is ordered with no other command: it may see a customer before or after another command's change.
    """

    event = CustomersRetrieved
    examples = ({}, _FILTERS)

    username: Text255 | None = None
    email: Text255 | None = None
    active: Annotated[bool, Field(description="Those who may send, or those who may not.")] | None = None
    first_name: Text255 | None = None
    last_name: Text255 | None = None
    address: Text255 | None = None
    city: Text255 | None = None
    state: Text255 | None = None
    country: Text255 | None = None
    zip: Text255 | None = None
    phone: Text255 | None = None
    website: Text255 | None = None
    company: Text255 | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_ROWS, description="How many at most, as a number without a fraction.")] = (
        100
    )
    offset: Annotated[
        int, Field(ge=0, le=_MAX_OFFSET, description="How many to pass over: the `next_offset` of the list before.")
    ] = 0


class CustomerEnabled(Succeeded):
    """The customer can send."""


class EnableCustomer(SetCommand):
    """Let a customer send. The web login is not touched."""

    event = CustomerEnabled
    examples = (CUSTOMER,)
    flags = MappingProxyType({"active": "true"})


class CustomerDisabled(Succeeded):
    """The customer can no longer send."""


class DisableCustomer(SetCommand):
    """Stop a customer from sending. The web login is not touched."""

    event = CustomerDisabled
    examples = (CUSTOMER,)
    flags = MappingProxyType({"active": "false"})


class WebsiteAccessEnabled(Succeeded):
    """The customer can log in on the website."""


class EnableWebsiteAccess(SetCommand):
    """Let a customer log in on the website. Its sending is not touched."""

    event = WebsiteAccessEnabled
    examples = (CUSTOMER,)
    flags = MappingProxyType({"website_access": "true"})


class WebsiteAccessDisabled(Succeeded):
    """The customer can no longer log in on the website."""


class DisableWebsiteAccess(SetCommand):
    """Stop a customer from logging in on the website. Its sending is not touched."""

    event = WebsiteAccessDisabled
    examples = (CUSTOMER,)
    flags = MappingProxyType({"website_access": "false"})

"""Commands about a customer as a whole: whether it exists, may send, may log in; and the list of all of them."""

from typing import Annotated

from pydantic import Field

from messages.commands.command import Command, CustomerCommand
from messages.fields import Text255

MAX_ROWS = 500
_MAX_OFFSET = 10_000_000


class DeleteCustomer(CustomerCommand):
    """Close the customer's account for good; its username can never be used again."""


class EnableCustomer(CustomerCommand):
    """Let a customer send. The web login is not touched."""


class DisableCustomer(CustomerCommand):
    """Stop a customer from sending. The web login is not touched."""


class EnableWebsiteAccess(CustomerCommand):
    """Let a customer log in on the website. Its sending is not touched."""


class DisableWebsiteAccess(CustomerCommand):
    """Stop a customer from logging in on the website. Its sending is not touched."""


class RetrieveCustomers(Command):
    """List customers. A filter finds what contains it; all filters given must match.

    It is ordered with no other command: it may see a customer before or after another command's change.
    """

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

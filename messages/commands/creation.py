"""CreateCustomer: the command with the most fields, and the only one whose validity hangs on the day it was sent."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from messages.commands.command import CustomerCommand
from messages.commands.samples import ADDRESS, CUSTOMER, PROFILE, SECRET
from messages.fields import NO_CONTROL_CHARACTERS, Email, NewUsername, Password, Stated, Text50, Text100, Text255
from messages.results import Succeeded

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ONE_DAY = timedelta(days=1)
_DECEMBER = 12


def _ip_form(value: str) -> str:
    # A zone behind % names an interface of the emitter's own machine, and may be of any length and content.
    if "%" in value or not _is_ip(value):
        raise ValueError("must be an IP address")
    return value


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


_IPV4_PART = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IP_FORM = Stated(
    {
        "anyOf": [
            {"format": "ipv4", "pattern": rf"^({_IPV4_PART}\.){{3}}{_IPV4_PART}$"},
            {"format": "ipv6", "pattern": "^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*$"},
        ]
    }
)
_DAY_FORM = Stated({"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"})

_IpAddress = Annotated[
    str,
    AfterValidator(_ip_form),
    NO_CONTROL_CHARACTERS,
    _IP_FORM,
    Field(description="An IPv4 or IPv6 address without a zone. The worker reads it; the patterns look at its form."),
]
_IpAddresses = Annotated[
    tuple[_IpAddress, ...],
    Field(max_length=100, description="Addresses; they must be yours, and the package must allow them."),
]
_IpGroups = Annotated[
    tuple[Text255, ...], Field(max_length=100, description="Groups of addresses; they must be yours.")
]
_FreeUser = Annotated[bool, Field(description="Needed when the customer is free; left out, the customer is not.")]
_BillingDate = Annotated[
    date,
    NO_CONTROL_CHARACTERS,
    _DAY_FORM,
    Field(
        description="The day of the first bill: from one day after the command's `time` (its day in UTC) to one day"
        " before the same day of the next month, or before that month's last day. The worker checks the calendar and"
        " the window; of a command without a `time` the provider alone checks the window."
    ),
]


_LEAST = MappingProxyType(
    {
        **CUSTOMER,
        "password": SECRET,
        "email": ADDRESS,
        **PROFILE,
        "package": "Basic",
        "whitelabel": "mail.example.com",
    }
)
_OPTIONS = MappingProxyType(
    {
        "ip_group": ["transactional"],
        "ip": ["192.0.2.1", "2001:db8::1"],
        "free_user": False,
        "billing_date": "2026-12-01",
    }
)


class CustomerCreated(Succeeded):
    """The customer exists at the provider as the command asked."""


class CreateCustomer(CustomerCommand):
    """Create a customer. The worker itself repeats the password, as the provider asks.

    The provider decides whether the username is free, and whether package and addresses are yours to give.
    """

    event = CustomerCreated
    examples = (_LEAST, {**_LEAST, **_OPTIONS})

    username: NewUsername
    password: Password
    email: Email
    first_name: Text50
    last_name: Text50
    address: Text100
    city: Text100
    state: Text100
    zip: Text50
    country: Text100
    phone: Text50
    website: Text255
    company: Text255
    package: Annotated[Text255, Field(description="The name of one of your packages.")]
    whitelabel: Annotated[Text255, Field(description="A domain name.")]
    ip_group: _IpGroups | None = None
    ip: _IpAddresses | None = None
    free_user: _FreeUser | None = None
    billing_date: _BillingDate | None = None

    def faults_at(self, sent_at: float) -> tuple[str, ...]:
        """The billing date lies within one billing cycle of the creation, by the provider's documents.

        They name no time zone, so a day is kept away from both ends. Measured from when the command was sent, a repeat
        is judged as the first was, on whatever day it comes.
        """
        if self.billing_date is None:
            return ()
        today = datetime.fromtimestamp(sent_at, UTC).date()
        first, last = today + _ONE_DAY, _a_month_after(today) - _ONE_DAY
        if first <= self.billing_date <= last:
            return ()
        return (f"billing_date: must be from {first} to {last} for a command of {today} (UTC)",)

    @field_validator("ip", "ip_group", mode="before")
    @classmethod
    def _list_to_tuple(cls, value: object) -> object:
        # JSON has lists only; tuples keep the command frozen all the way down.
        return tuple(value) if isinstance(value, list) else value

    @field_validator("billing_date", mode="before")
    @classmethod
    def _day_of_the_calendar(cls, value: object) -> object:
        # Strict validation of Python values knows no text form of a date; the provider's form is YYYY-mm-dd.
        # Python itself would also take the days of ISO weeks, 2026-W10-1.
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value


def _a_month_after(day: date) -> date:
    """The same day of the next month, or that month's last day: after 31 January comes 28 February."""
    year, month = (day.year + 1, 1) if day.month == _DECEMBER else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))

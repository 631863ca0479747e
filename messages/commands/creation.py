"""CreateCustomer: the command with the most fields, and the only one whose validity hangs on the day it was sent."""

import calendar
import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from messages.commands.command import CustomerCommand
from messages.fields import Email, NewUsername, Password, Text50, Text100, Text255

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ONE_DAY = timedelta(days=1)


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


class CreateCustomer(CustomerCommand):
    """Create a customer. Required is what the provider's table requires; the worker itself repeats the password."""

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
    package: Text255
    whitelabel: Text255
    ip_group: Annotated[tuple[Text255, ...], Field(max_length=100)] | None = None
    ip: Annotated[tuple[Annotated[str, AfterValidator(_ip_form)], ...], Field(max_length=100)] | None = None
    free_user: bool | None = None
    billing_date: date | None = None

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
    year, month = (day.year + 1, 1) if day.month == calendar.DECEMBER else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))

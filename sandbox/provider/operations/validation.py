"""The provider's rules for single arguments. Each check returns the texts of what is wrong, and never quotes a value.

The provider documents the limits but not the texts, except for a missing argument and a taken name.
"""

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from ipaddress import ip_address
from typing import Final

from sandbox.provider.operations.calls import Form

TAKEN: Final = "Credential Resource Already Exists"
PROVIDER_DOMAIN: Final = "username cannot be in the provider's own domain"
PASSWORD_MIN: Final = 6
NAME_MIN: Final = 3
NAME_MAX: Final = 64

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_DOMAIN: Final = re.compile(r"[^@\s/:.]+(\.[^@\s/:.]+)+")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def missing(form: Form, names: Iterable[str]) -> Iterator[str]:
    """One text per argument that is absent or empty."""
    return (f"Missing {name} parameter" for name in names if not form.get(name))


def too_long(form: Form, limits: Mapping[str, int]) -> Iterator[str]:
    """One text per argument with more characters than it may have."""
    return (
        f"{name} must be no more than {most} characters" for name, most in limits.items() if len(form.get(name)) > most
    )


def bad_email(form: Form, name: str) -> Iterator[str]:
    """Whether the argument, when given, has the form of an email address."""
    if form.get(name) and not _EMAIL.fullmatch(form.get(name)):
        yield f"{name} must be in email format"


def bad_domain(form: Form, name: str) -> Iterator[str]:
    """Whether the argument, when given, has the form of a domain name."""
    if form.get(name) and not _DOMAIN.fullmatch(form.get(name)):
        yield f"{name} must be a domain name"


def bad_password(form: Form, name: str) -> Iterator[str]:
    """Whether the argument, when given, is long enough for a password."""
    if 0 < len(form.get(name)) < PASSWORD_MIN:
        yield f"{name} must be at least {PASSWORD_MIN} characters"


def unconfirmed(form: Form) -> Iterator[str]:
    """Whether password and confirmation, when both are given, differ."""
    password, confirmation = form.get("password"), form.get("confirm_password")
    if password and confirmation and password != confirmation:
        yield "confirm_password must match password"


def bad_name(form: Form, name: str) -> Iterator[str]:
    """Whether the argument, when given, can name a credential or its owner: 3 to 64 characters, not digits alone."""
    given = form.get(name)
    if given and not NAME_MIN <= len(given) <= NAME_MAX:
        yield f"{name} must be between {NAME_MIN} and {NAME_MAX} characters"
    if re.fullmatch("[0-9]+", given):
        yield f"{name} cannot be completely numeric"


def bad_address(value: str) -> bool:
    """Whether the value is no IP address, of either version."""
    try:
        ip_address(value)
    except ValueError:
        return True
    return False


def bad_billing_date(given: str, today: date) -> Iterator[str]:
    """Whether the day, when given, is written `YYYY-mm-dd` and within one billing cycle from today."""
    if not given:
        return
    day = parse_day(given)
    if day is None:
        yield "billing_date must be in the format YYYY-mm-dd"
    elif not today <= day <= same_day_next_month(today):
        yield "billing_date must be within one billing cycle"


def parse_day(given: str) -> date | None:
    """The day written `YYYY-mm-dd`, or None when it is written otherwise or does not exist."""
    if not _DAY.fullmatch(given):
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def same_day_next_month(day: date) -> date:
    """One billing cycle later; a day that the next month lacks becomes that month's last."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)  # noqa: PLR2004 - December
    return in_month_of(date(year, month, 1), day.day)


def in_month_of(day: date, number: int) -> date:
    """The day of that number in the month of another; the month's last when it has no such day."""
    return day.replace(day=min(number, calendar.monthrange(day.year, day.month)[1]))


def in_provider_domain(address: str) -> bool:
    """Whether an address is in the provider's own domain or below it, which customers may not use."""
    return "sendgrid.com" in address.rpartition("@")[2].lower()

"""Changes of what is known of a customer: profile, password, username, email. All four document a list of errors."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from sandbox.provider.accounts.records import Customer
from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Refused, Reply, SuccessReply, no_such_customer
from sandbox.provider.operations.served import Served
from sandbox.provider.settings import EmptyOnSet

_PROFILE: Final = (
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
_EMAIL_MAX: Final = 100


def set_profile(call: ServedCall) -> Reply:
    """Sets the fields that were sent and leaves the others; what is no field of a profile is ignored.

    The provider states no limits here. An empty value is stored, or by switch ignored.
    """
    found = _customer(call, validation.missing(call.form, ("user",)))
    if not isinstance(found, Customer):
        return found
    sent = {name: call.form.get(name) for name in _PROFILE if name in call.form.values}
    if call.switches.empty_on_set is EmptyOnSet.IGNORE:
        sent = {name: value for name, value in sent.items() if value}
    return _put(call, found, **sent)


def set_password(call: ServedCall) -> Reply:
    """Sets the password, which must be sent twice."""
    found = _customer(call, _password_faults(call))
    if not isinstance(found, Customer):
        return found
    return _put(call, found, password_digest=call.seal.digest(call.form.get("password")))


def set_username(call: ServedCall) -> Reply:
    """Gives the customer a new name; all else, its credentials included, stays with it. The old name is free."""
    found = _customer(call, _username_faults(call))
    if not isinstance(found, Customer):
        return found
    username = call.form.get("username")
    buried = call.switches.tombstone and call.accounts.is_tombstone(username)
    if buried or call.accounts.is_taken(username):
        return Refused((validation.TAKEN,))
    return _put(call, found, username=username)


def set_email(call: ServedCall) -> Reply:
    """Sets the email address, at once and without confirmation."""
    found = _customer(call, _email_faults(call))
    if not isinstance(found, Customer):
        return found
    return _put(call, found, email=call.form.get("email"))


def _password_faults(call: ServedCall) -> Iterator[str]:
    form = call.form
    yield from validation.missing(form, ("user", "password", "confirm_password"))
    yield from validation.bad_password(form, "password")
    yield from validation.unconfirmed(form)


def _username_faults(call: ServedCall) -> Iterator[str]:
    form, switches = call.form, call.switches
    yield from validation.missing(form, ("user", "username"))
    yield from validation.too_long(form, {"username": switches.setusername_max})
    if switches.email_form:
        yield from validation.bad_email(form, "username")
    if validation.in_provider_domain(form.get("username")):
        yield validation.PROVIDER_DOMAIN


def _email_faults(call: ServedCall) -> Iterator[str]:
    yield from validation.missing(call.form, ("user", "email"))
    yield from validation.too_long(call.form, {"email": _EMAIL_MAX})
    yield from validation.bad_email(call.form, "email")


def _customer(call: ServedCall, faults: Iterable[str]) -> Customer | Reply:
    """The customer to be changed, or what is wrong with the call."""
    errors = tuple(faults)
    if errors:
        return Refused(errors)
    return call.customer() or no_such_customer(call.switches)


def _put(call: ServedCall, customer: Customer, **changed: str) -> Reply:
    call.accounts.put_customer(replace(customer, **changed))  # type: ignore[arg-type]  # the names are those above
    return SuccessReply()


SERVED: Final = (
    Served(Operation.SET_PROFILE, set_profile, ("manage", "profile", "set")),
    Served(Operation.SET_PASSWORD, set_password, ("manage", "password")),
    Served(Operation.SET_USERNAME, set_username, ("manage", "profile", "setUsername")),
    Served(Operation.SET_EMAIL, set_email, ("manage", "profile", "setEmail")),
)

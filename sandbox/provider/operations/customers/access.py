"""Whether a customer may send, and whether it may log in on the website. Both are states: a repeat changes nothing."""

from dataclasses import replace
from typing import Final

from sandbox.provider.accounts.records import Customer
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Refused, Reply, SuccessReply, UserNotFound, unknown_user
from sandbox.provider.operations.served import Served


def enable(call: ServedCall) -> Reply:
    """Lets the customer send; its website access stays as it is."""
    return _set_sending(call, call.form.get("user"), active=True)


def disable(call: ServedCall) -> Reply:
    """Stops the customer from sending; its website access stays as it is.

    The provider's table calls the argument `username`, its examples `user`: by switch both are read here.
    """
    user, alias = call.form.get("user"), call.form.get("username")
    if not call.switches.disable_alias:
        return _set_sending(call, user, active=False)
    if user and alias and user != alias:
        return Refused(("user and username must be the same customer",))
    return _set_sending(call, user or alias, active=False)


def enable_website(call: ServedCall) -> Reply:
    """Lets the customer log in on the website; whether it may send stays as it is."""
    return _set_website_access(call, website_access=True)


def disable_website(call: ServedCall) -> Reply:
    """Stops the customer from logging in on the website; whether it may send stays as it is."""
    return _set_website_access(call, website_access=False)


def _set_sending(call: ServedCall, username: str, *, active: bool) -> Reply:
    found = _customer(call, username)
    if not isinstance(found, Customer):
        return found
    call.accounts.put_customer(replace(found, active=active))
    return SuccessReply()


def _set_website_access(call: ServedCall, *, website_access: bool) -> Reply:
    found = _customer(call, call.form.get("user"))
    if not isinstance(found, Customer):
        return found
    call.accounts.put_customer(replace(found, website_access=website_access))
    return SuccessReply()


def _customer(call: ServedCall, username: str) -> Customer | Reply:
    """The reseller's own customer of that name, or what these four operations say when there is none."""
    if not username:
        return Refused(("Missing user parameter",))
    return call.accounts.customer(call.reseller, username) or unknown_user(call.switches, UserNotFound())


SERVED: Final = (
    Served(Operation.ENABLE, enable, ("manage", "enable")),
    Served(Operation.DISABLE, disable, ("manage", "disable")),
    Served(Operation.WEBSITE_ENABLE, enable_website, ("manage", "website_enable")),
    Served(Operation.WEBSITE_DISABLE, disable_website, ("manage", "website_disable")),
)

"""Enable and disable: whether a customer may send. Both set a state, so a repeat succeeds and changes nothing."""

from dataclasses import replace

from sandbox.provider.operations.calls import Call
from sandbox.provider.operations.replies import Refused, Reply, Success, UserNotFound, unknown_user


def enable(call: Call) -> Reply:
    """Lets the customer send; its website access stays as it is."""
    return _set_sending(call, call.form.get("user"), active=True)


def disable(call: Call) -> Reply:
    """Stops the customer from sending; its website access stays as it is.

    The provider's table calls the argument `username`, its examples `user`: by switch both are read here.
    """
    user, alias = call.form.get("user"), call.form.get("username")
    if not call.switches.disable_alias:
        return _set_sending(call, user, active=False)
    if user and alias and user != alias:
        return Refused(("user and username must be the same customer",))
    return _set_sending(call, user or alias, active=False)


def _set_sending(call: Call, username: str, *, active: bool) -> Reply:
    if not username:
        return Refused(("Missing user parameter",))
    customer = call.accounts.customer(call.reseller, username)
    if customer is None:
        return unknown_user(call.switches, UserNotFound())
    call.accounts.put_customer(replace(customer, active=active))
    return Success()

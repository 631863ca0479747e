"""Delete: closing a customer's account, at once or at the end of its billing cycle."""

from dataclasses import replace
from datetime import date
from typing import Final

from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Refused, Reply, SuccessReply, no_such_customer
from sandbox.provider.operations.served import Served
from sandbox.provider.settings import Delete


def delete(call: ServedCall) -> Reply:
    """Takes the customer and its credentials away for good; nobody is left for a repeat to delete.

    By switch the customer stays what it is until its billing cycle is over, and until then a repeat succeeds.
    """
    if not call.form.get("user"):
        return Refused(("Missing user parameter",))
    customer = call.customer()
    if customer is None:
        return no_such_customer(call.switches)
    if call.switches.delete is Delete.NOW:
        call.accounts.remove_customer(customer)
    else:
        call.accounts.put_customer(replace(customer, closes_on=end_of_cycle(customer.billing_date, call.today())))
    return SuccessReply()


def end_of_cycle(billing_date: date | None, today: date) -> date:
    """The first day of the next billing cycle: on the day of the billing date, else on the first of the month."""
    first = today.replace(day=1)
    months = (first, validation.same_day_next_month(first))
    day = billing_date.day if billing_date else 1
    return next(start for start in (validation.in_month_of(month, day) for month in months) if start > today)


SERVED: Final = (Served(Operation.DELETE, delete, ("delete",)),)

"""Whom a call of the newer API acts on: the reseller whose key it bears, or one of its customers on whose behalf."""

import re
from http import HTTPStatus
from typing import Final

from sandbox.provider.accounts.records import Customer, Reseller
from sandbox.provider.accounts.state import Accounts
from sandbox.provider.operations.calls import ServedCall
from sandbox.provider.operations.replies import V3Refused
from sandbox.provider.settings import OboUnknown

_BEARER: Final = "bearer "
_ACCOUNT_ID: Final = "account-id "
_NUMBER: Final = re.compile("[0-9]{1,9}")


def bearer_key(authorization: str | None) -> str:
    """The key in an `Authorization` header; empty when there is none."""
    given = authorization or ""
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else ""


def acting_for(accounts: Accounts, reseller: Reseller, on_behalf_of: str) -> Customer | None:
    """The reseller's own customer that the header names, by username or as `account-id` and its number."""
    if not on_behalf_of.lower().startswith(_ACCOUNT_ID):
        return accounts.customer(reseller, on_behalf_of)
    number = on_behalf_of[len(_ACCOUNT_ID) :].strip()
    return accounts.numbered(reseller, int(number)) if _NUMBER.fullmatch(number) else None


def target_of(call: ServedCall) -> Customer | Reseller | V3Refused:
    """Whom the call acts on. An unknown customer is refused; by switch the header is ignored, as was once reported."""
    # The caller's own record may have changed since the call arrived.
    caller = call.accounts.current(call.reseller)
    if call.on_behalf_of is None:
        return caller
    customer = acting_for(call.accounts, call.reseller, call.on_behalf_of)
    if customer is not None:
        return customer
    if call.switches.obo_unknown is OboUnknown.IGNORE:
        return caller
    if call.switches.obo_unknown is OboUnknown.FORBIDDEN:
        return V3Refused(HTTPStatus.FORBIDDEN, "access forbidden")
    return V3Refused(HTTPStatus.BAD_REQUEST, "unknown user", "on-behalf-of")

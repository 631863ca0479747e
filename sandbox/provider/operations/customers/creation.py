"""Create: sixteen required arguments, four optional ones, every fault reported at once."""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from sandbox.provider.accounts.records import Customer, Package
from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Refused, Reply, SuccessReply
from sandbox.provider.operations.served import Served
from sandbox.provider.settings import Required

_LIMITS: Final = MappingProxyType(
    {
        "username": 64,
        "email": 64,
        "first_name": 50,
        "last_name": 50,
        "address": 100,
        "city": 100,
        "state": 100,
        "zip": 50,
        "country": 100,
        "phone": 50,
        "website": 255,
        "company": 255,
        "package": 255,
        "whitelabel": 255,
    }
)
_REQUIRED: Final = ("password", "confirm_password", *_LIMITS)
_IP_GROUP_MAX: Final = 255


def add(call: ServedCall) -> Reply:
    """Creates a customer that may send and log in at once, or says everything that is wrong with it."""
    errors = tuple(_faults(call))
    if errors:
        return Refused(errors)
    call.accounts.put_customer(_new_customer(call))
    return SuccessReply()


def _new_customer(call: ServedCall) -> Customer:
    form = call.form
    return Customer(
        number=call.accounts.next_number(),
        reseller=call.reseller.api_user,
        username=form.get("username"),
        password_digest=call.seal.digest(form.get("password")),
        ips=form.all_of("ip"),
        ip_groups=form.all_of("ip_group"),
        free_user=form.get("free_user") == "true",
        billing_date=validation.parse_day(form.get("billing_date")),
        email=form.get("email"),
        first_name=form.get("first_name"),
        last_name=form.get("last_name"),
        address=form.get("address"),
        city=form.get("city"),
        state=form.get("state"),
        zip=form.get("zip"),
        country=form.get("country"),
        phone=form.get("phone"),
        website=form.get("website"),
        company=form.get("company"),
        package=form.get("package"),
        whitelabel=form.get("whitelabel"),
    )


def _faults(call: ServedCall) -> Iterator[str]:
    """Everything that is wrong with the call, one text per fault."""
    form = call.form
    yield from validation.missing(form, _required(call))
    yield from validation.too_long(form, _LIMITS)
    yield from validation.bad_email(form, "email")
    yield from validation.bad_domain(form, "whitelabel")
    yield from _username_faults(call)
    yield from validation.bad_password(form, "password")
    yield from validation.unconfirmed(form)
    yield from _package_faults(call)
    yield from _ip_faults(call)
    if form.values.get("free_user", "false") not in {"true", "false"}:
        yield "free_user must be true or false"
    yield from validation.bad_billing_date(form.get("billing_date"), call.today())


def _required(call: ServedCall) -> Iterable[str]:
    """All sixteen; leniently, no company, and no package for a free user (the provider's own sample has neither)."""
    if call.switches.required is Required.STRICT:
        return _REQUIRED
    spared = {"company", "package"} if call.form.get("free_user") == "true" else {"company"}
    return (name for name in _REQUIRED if name not in spared)


def _username_faults(call: ServedCall) -> Iterator[str]:
    """A name is free when nobody has it and, by switch, nobody who was deleted had it."""
    username = call.form.get("username")
    buried = call.switches.tombstone and call.accounts.is_tombstone(username)
    if username and (buried or call.accounts.is_taken(username)):
        yield validation.TAKEN
    if call.switches.sendgrid_domain_on_create and validation.in_provider_domain(username):
        yield validation.PROVIDER_DOMAIN


def _package(call: ServedCall) -> Package | None:
    return call.reseller.packages.get(call.form.get("package"))


def _package_faults(call: ServedCall) -> Iterator[str]:
    if call.form.get("package") and _package(call) is None:
        yield "package does not exist"


def _ip_faults(call: ServedCall) -> Iterator[str]:
    """Addresses and groups must be the reseller's own, and the package must allow its customers addresses."""
    ips, package = call.form.all_of("ip"), _package(call)
    for ip in ips:
        if validation.bad_address(ip):
            yield "ip[] must be a valid IP address"
        elif ip not in call.reseller.ips:
            yield "ip[] must belong to your account"
    if ips and package is not None and not package.allows_ips:
        yield "ip[] is not allowed by the package"
    for group in call.form.all_of("ip_group"):
        if len(group) > _IP_GROUP_MAX:
            yield f"ip_group[] must be no more than {_IP_GROUP_MAX} characters"
        elif group not in call.reseller.ip_groups:
            yield "ip_group[] must belong to your account"


SERVED: Final = (Served(Operation.ADD, add, ("add",)),)

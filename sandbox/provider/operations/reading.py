"""A call as it came over HTTP, and everything that can be read in it before anything is decided."""

from dataclasses import dataclass, field
from typing import Final

from sandbox.provider.accounts.records import Reseller
from sandbox.provider.accounts.state import Accounts
from sandbox.provider.operations.addressing import Address, address_of, username_of
from sandbox.provider.operations.calls import Edition, Form, parse_form
from sandbox.provider.operations.v3.targets import acting_for, bearer_key

_FORM: Final = "application/x-www-form-urlencoded"
_SECRETS: Final = ("password", "credential_password", "new_credential_password")


@dataclass(frozen=True, slots=True)
class Request:
    """The verb, the path, the query and the body still encoded, and the headers with lower-case names."""

    verb: str
    path: str
    query: bytes = field(default=b"", repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)

    def header(self, name: bytes) -> str | None:
        """The first header of that name; None when there is none."""
        value = next((value for key, value in self.headers if key == name), None)
        return None if value is None else value.decode("utf-8", "replace")

    def form(self) -> Form:
        """The arguments in the query and the body; a body that says it is no form has none."""
        is_form = (self.header(b"content-type") or _FORM).startswith(_FORM)
        return parse_form(self.query, self.body if is_form else b"")

    def query_names(self) -> tuple[str, ...]:
        """The names of the arguments that stand in the URL."""
        if not self.query:
            return ()
        form = parse_form(self.query)
        return (*form.values, *(f"{name}[]" for name in form.lists))


@dataclass(frozen=True, slots=True)
class RequestReading:
    """What a call says: where it goes, who calls (None: a wrong login), about whom, with which arguments.

    `api_user` is the login as given, or that of the key's holder; `on_behalf_of` None when there is no such header.
    `secrets` are the new passwords that the call carries, by argument, and `key` the secret of its login.
    """

    address: Address
    form: Form = field(repr=False)
    reseller: Reseller | None
    api_user: str
    username: str
    on_behalf_of: str | None = None
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    key: str = field(default="", repr=False)

    @property
    def is_v3(self) -> bool:
        """Whether the call is one of the newer API's."""
        return self.address.edition is Edition.V3


def read_call(request: Request, accounts: Accounts) -> RequestReading:
    """Reads a call as the provider's front does: both APIs have their own way of saying who calls, and about whom."""
    form = request.form()
    address = address_of(request.verb, request.path, form)
    if address.edition is Edition.V3:
        return _read_newer(request, form, address, accounts)
    return RequestReading(
        address,
        form,
        accounts.login(form.get("api_user"), form.get("api_key")),
        api_user=form.get("api_user"),
        username=username_of(address.operation, form),
        secrets=tuple((name, form.get(name)) for name in _SECRETS if form.get(name)),
        key=form.get("api_key"),
    )


def _read_newer(request: Request, form: Form, address: Address, accounts: Accounts) -> RequestReading:
    """The key is in one header, and whom the call is about in another."""
    key, on_behalf_of = bearer_key(request.header(b"authorization")), request.header(b"on-behalf-of")
    reseller = accounts.holder_of(key)
    customer = acting_for(accounts, reseller, on_behalf_of) if reseller and on_behalf_of else None
    return RequestReading(
        address,
        form,
        reseller,
        api_user=reseller.api_user if reseller else "",
        username=customer.username if customer else on_behalf_of or "",
        on_behalf_of=on_behalf_of,
        key=key,
    )

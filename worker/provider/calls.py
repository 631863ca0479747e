"""The calls of both APIs of the provider. Which command is which call of the v2 API is one table.

v2: a form in the body, the login in it. v3: made on behalf of a named user, JSON, a bearer key; never for the reseller
itself.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from types import MappingProxyType
from typing import Generic, TypeVar
from urllib.parse import quote_plus

from messages import commands
from messages.commands import Command, UpdateUserProfile
from worker.domain.ports import CustomerRow
from worker.errors import ProviderLogin, Unsupported
from worker.provider.answers import expect_profile, expect_rows, expect_success, expect_username
from worker.provider.config import RETRIEVE, USER_PROFILE_UPDATE, USER_USERNAME, Edition, Format, Login, ProviderConfig
from worker.provider.wire.transport import HttpAnswer, HttpRequest

T = TypeVar("T")
Form = list[tuple[str, str]]
_CUSTOMER_IS_USER = MappingProxyType({"username": "user"})
#: Where only `user` names the customer, `username` is free for the new one.
_RENAMED = MappingProxyType({"username": "user", "new_username": "username"})
PAGE_ROWS = 500
_PREFIXES: Mapping[Edition, str] = {"reseller": "/apiv2/reseller.", "distributor": "/api/distributor."}
_FORM = "application/x-www-form-urlencoded"
_HEADERS: Mapping[Format, Mapping[str, str]] = {
    "json": {"Content-Type": _FORM, "Accept": "application/json"},
    "xml": {"Content-Type": _FORM, "Accept": "application/xml"},
}
_CREDENTIALS = "credential"


@dataclass(frozen=True, slots=True)
class ProviderCall(Generic[T]):
    """One request, how its answer is understood, and the secrets to scrub from errors.

    The request is made anew each time that it is sent: the login may have been changed in its file meanwhile.
    """

    operation: str
    request: Callable[[Login], HttpRequest] = field(repr=False)
    understand: Callable[[HttpAnswer], T]
    #: Asked for after a failure only: looking through all fields of a command costs.
    secrets: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False)


def login_of(command: Command) -> ProviderLogin:
    """The login that applies a command."""
    return ProviderLogin.V3 if isinstance(command, UpdateUserProfile) else ProviderLogin.V2


@dataclass(frozen=True, slots=True)
class CallRule:
    """The last piece of its path, the renamed fields, and the arguments that are always the same.

    `operation` is its name in the metrics.
    """

    operation: str
    action: str
    names: Mapping[str, str]
    fixed: tuple[tuple[str, str], ...] = ()


def _manage(operation: str, method: str, task: str = "", names: Mapping[str, str] = _CUSTOMER_IS_USER) -> CallRule:
    fixed = (("method", method), ("task", task)) if task else (("method", method),)
    return CallRule(operation, "manage", names, fixed)


def _credential(operation: str, task: str) -> CallRule:
    return CallRule(operation, "credential", _CUSTOMER_IS_USER, (("task", task),))


RULES: Mapping[type[Command], CallRule] = MappingProxyType(
    {
        # The create alone names its customer `username`.
        commands.CreateCustomer: CallRule("add", "add", MappingProxyType({})),
        commands.DeleteCustomer: CallRule("delete", "delete", _CUSTOMER_IS_USER),
        commands.EnableCustomer: _manage("enable", "enable"),
        commands.DisableCustomer: _manage("disable", "disable"),
        commands.EnableWebsiteAccess: _manage("website_enable", "website_enable"),
        commands.DisableWebsiteAccess: _manage("website_disable", "website_disable"),
        commands.UpdateProfile: _manage("set_profile", "profile", "set"),
        commands.ChangePassword: _manage("set_password", "password"),
        commands.ChangeUsername: _manage("set_username", "profile", "setUsername", _RENAMED),
        # The documents' table says `password` here and their URLs `profile`; the former is the call above.
        commands.ChangeEmail: _manage("set_email", "profile", "setEmail"),
        commands.AddCredential: _credential("credential_add", "add"),
        commands.RotateCredential: _credential("credential_edit", "edit"),
        commands.RemoveCredential: _credential("credential_delete", "delete"),
    }
)


def form_of(rule: CallRule, command: Command) -> Form:
    """The arguments of the call; a customer's password is sent twice, as the provider asks."""
    form: Form = list(rule.fixed)
    for name, value in command.revealed().items():
        form += _arguments(rule.names.get(name, name), value)
    if isinstance(command, commands.CreateCustomer | commands.ChangePassword):
        form.append(("confirm_password", command.password.get_secret_value()))
    return form


def _arguments(name: str, value: object) -> Form:
    if isinstance(value, str):
        return [(name, value)]
    if isinstance(value, tuple):
        return [(f"{name}[]", str(entry)) for entry in value]
    if isinstance(value, bool):
        return [(name, "true" if value else "false")]
    return [(name, str(value))]


class Forms:
    """Makes the calls of the v2 API: its URLs, its login and the form of its answers."""

    def __init__(self, config: ProviderConfig) -> None:
        self._start = config.base_url.rstrip("/") + _PREFIXES[config.edition]
        self._edition = config.edition
        self._format = config.format
        self._encoded_login = config.login, _encoded_login(config.login)

    def change(self, command: Command) -> ProviderCall[None]:
        """The call that makes this command's change.

        Raises Unsupported when the edition has no such call, TypeError when the command asks for no change.
        """
        rule = RULES.get(type(command))
        if rule is None:
            raise TypeError(f"{type(command).__name__} asks for no change")
        if rule.action == _CREDENTIALS and self._edition == "distributor":
            raise Unsupported(
                "the provider knows credentials in the reseller edition only; "
                "set PROVISIONING_PROVIDER__EDITION=reseller, restart the worker, "
                "then send the command again under a new id"
            )
        send = self._post(rule.action, self._format, form_of(rule, command))
        return ProviderCall(rule.operation, send, expect_success, command.secrets)

    def page(self, filters: Mapping[str, str], offset: int) -> ProviderCall[list[CustomerRow]]:
        """One page of the list. Always JSON: names beyond Latin-1 may not survive the provider's XML."""
        form = [("method", "profile"), ("task", "get"), *filters.items(), ("limit", str(PAGE_ROWS))]
        if offset:
            form.append(("offset", str(offset)))
        return ProviderCall(RETRIEVE, self._post("manage", "json", form), expect_rows)

    def _post(self, action: str, suffix: Format, form: Form) -> Callable[[Login], HttpRequest]:
        url, headers, fields = f"{self._start}{action}.{suffix}", _HEADERS[suffix], _encoded(form)
        return lambda login: HttpRequest("POST", url, headers, b"%b&%b" % (self._login_fields(login), fields))

    def _login_fields(self, login: Login) -> bytes:
        known, fields = self._encoded_login
        if known is not login:
            fields = _encoded_login(login)
            # Both at once: other threads read them together.
            self._encoded_login = login, fields
        return fields


class Profiles:
    """Makes the calls of the v3 API. Every change names its user: without one the reseller's own profile is changed.

    The header is spelled `On-Behalf-Of`: in another case it was seen to be ignored.
    """

    def __init__(self, config: ProviderConfig) -> None:
        self._start = f"{(config.v3_base_url or config.base_url).rstrip('/')}/v3/user/"
        self._has_key = bool(config.login.v3_api_key)

    def update(self, command: UpdateUserProfile) -> ProviderCall[None]:
        """Set the fields that the command names; the answer shows the profile as it is then.

        Raises Unsupported when there is no key.
        """
        self._check_key()
        sent = command.revealed()
        behalf = sent.pop("on_behalf_of")
        request = self._request("PATCH", "profile", behalf, json.dumps(sent).encode())
        return ProviderCall(USER_PROFILE_UPDATE, request, partial(expect_profile, sent=sent))

    def username(self, on_behalf_of: str) -> ProviderCall[str]:
        """Ask for the username of the user on whose behalf it is made. Raises Unsupported when there is no key."""
        self._check_key()
        return ProviderCall(USER_USERNAME, self._request("GET", "username", on_behalf_of), expect_username)

    def own_username(self) -> ProviderCall[str]:
        """Ask for the username that the key itself belongs to. Raises Unsupported when there is no key."""
        self._check_key()
        return ProviderCall(USER_USERNAME, self._request("GET", "username", None), expect_username)

    def _check_key(self) -> None:
        if not self._has_key:
            raise Unsupported(
                "commands of the v3 API need its bearer key; "
                "set PROVISIONING_PROVIDER__V3_API_KEY, restart the worker, then send the command again under a new id"
            )

    def _request(
        self, method: str, name: str, behalf: str | None, body: bytes | None = None
    ) -> Callable[[Login], HttpRequest]:
        headers = {"Accept": "application/json"}
        if behalf is not None:
            headers["On-Behalf-Of"] = behalf
        if body is not None:
            headers["Content-Type"] = "application/json"

        def request(login: Login) -> HttpRequest:
            bearer = {"Authorization": f"Bearer {login.v3_api_key}"}
            return HttpRequest(method, self._start + name, {**headers, **bearer}, body)

        return request


def _encoded_login(login: Login) -> bytes:
    return _encoded([("api_user", login.api_user), ("api_key", login.api_key)])


def _encoded(form: Form) -> bytes:
    return "&".join([f"{_encoded_name(name)}={quote_plus(value)}" for name, value in form]).encode()


@cache
def _encoded_name(name: str) -> str:
    # The names are the provider's, and few.
    return quote_plus(name)

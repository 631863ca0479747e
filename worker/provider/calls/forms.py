"""Calls of the v2 API: a form in the body, the reseller's login in it, in the edition and format that are set."""

from collections.abc import Callable, Mapping
from functools import cache
from urllib.parse import quote_plus

from messages.commands import Command
from worker.domain.ports import CustomerRow
from worker.errors import Unsupported
from worker.provider.answers.expecting import expect_rows, expect_success
from worker.provider.calls.call import ProviderCall
from worker.provider.calls.rules import RULES, Form, form_of
from worker.provider.config import RETRIEVE, Edition, Format, Login, ProviderConfig
from worker.provider.wire.transport import HttpRequest

PAGE_ROWS = 500

_PREFIXES: Mapping[Edition, str] = {"reseller": "/apiv2/reseller.", "distributor": "/api/distributor."}
_FORM = "application/x-www-form-urlencoded"
_HEADERS: Mapping[Format, Mapping[str, str]] = {
    "json": {"Content-Type": _FORM, "Accept": "application/json"},
    "xml": {"Content-Type": _FORM, "Accept": "application/xml"},
}
_CREDENTIALS = "credential"


class Forms:
    """Knows where the v2 API is and how it is spoken to."""

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


def _encoded_login(login: Login) -> bytes:
    return _encoded([("api_user", login.api_user), ("api_key", login.api_key)])


def _encoded(form: Form) -> bytes:
    return "&".join([f"{_encoded_name(name)}={quote_plus(value)}" for name, value in form]).encode()


@cache
def _encoded_name(name: str) -> str:
    # The names are the provider's, and few.
    return quote_plus(name)

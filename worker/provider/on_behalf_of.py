"""The calls of the v3 API, made on behalf of a named user: JSON, a bearer key; never for the reseller itself."""

import json
from collections.abc import Callable
from functools import partial

from messages.commands import UpdateUserProfile
from worker.domain.texts.comparison import same_in_any_case
from worker.errors import OutcomeUnknown, Rejected, Unauthorized, Unsupported
from worker.provider.answers.outcome import expect_profile, expect_username
from worker.provider.caller import Caller
from worker.provider.calls import ProviderCall
from worker.provider.config import USER_PROFILE_UPDATE, USER_USERNAME, Login, ProviderConfig
from worker.provider.wire.transport import HttpRequest


class Profiles:
    """Knows where the v3 API is. Every change names its user: without, the reseller's own profile would be meant.

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


class OnBehalfOf:
    """Asks the provider. Whose the key itself is, it asks once for each login that is read."""

    def __init__(self, caller: Caller, profiles: Profiles) -> None:
        self._caller = caller
        self._profiles = profiles
        self._own: tuple[Login | None, str] = None, ""

    def username(self, on_behalf_of: str) -> str:
        """The username of the user for whom it would act. Raises Rejected when that is the key's own one.

        An ignored header would show so, and the call would change the reseller.
        """
        name = self._asked(on_behalf_of)
        if same_in_any_case(name, self._own_name()):
            raise Rejected("it would act for the reseller itself")
        return name

    def _asked(self, on_behalf_of: str) -> str:
        """Ask; a refused key is asked for itself, and then once more, as it may have been changed meanwhile.

        A key that is good and may not act for this user is a refusal of the command, not of the login: both are refused
        in the same way.
        """
        try:
            return self._caller.make(self._profiles.username(on_behalf_of))
        except Unauthorized:
            self._ask_own_name()
        try:
            return self._caller.make(self._profiles.username(on_behalf_of))
        except Unauthorized as refused:
            raise Rejected("the v3 key is good, but may not act for this user", refused.errors) from refused

    def _own_name(self) -> str:
        login, name = self._own
        return name if login is self._caller.login else self._ask_own_name()

    def _ask_own_name(self) -> str:
        login = self._caller.login
        try:
            name = self._caller.make(self._profiles.own_username())
        except Rejected as refusal:
            # It is the question that was refused, and not the command that it is asked for.
            unknown = OutcomeUnknown(f"whose the v3 key is cannot be read: {refusal.detail}", refusal.errors)
            unknown.login = refusal.login
            raise unknown from refusal
        # Both at once: other threads read them together.
        self._own = login, name
        return name

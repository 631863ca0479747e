"""Calls of the v3 API: JSON, a bearer key, and the name of the user on whose behalf they are made."""

import json
from collections.abc import Callable
from functools import partial

from messages.commands import UpdateUserProfile
from worker.errors import Unsupported
from worker.provider.answers.expecting import expect_profile, expect_username
from worker.provider.calls.call import ProviderCall
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

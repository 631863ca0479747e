"""Calls to a stand-in provider that holds the state of the behaviour checks, without the worker's own client."""

import socket
from dataclasses import dataclass, field

import requests

from sandbox.provider.remote import RemoteSandbox

LONG = 60.0
DISABLE = {"api_user": "acme", "api_key": "pw", "method": "disable"}


@dataclass(frozen=True, slots=True)
class Caller:
    """A client of one stand-in; it reuses connections and follows nothing unless asked to."""

    sandbox: RemoteSandbox
    session: requests.Session = field(default_factory=requests.Session)

    def disable(
        self, user: str = "a@x.com", *, suffix: str = "json", timeout: float = LONG, follow: bool = False
    ) -> requests.Response:
        """Disables a customer of acme."""
        url = f"{self.sandbox.url}/apiv2/reseller.manage.{suffix}"
        form = {**DISABLE, "user": user}
        return self.session.post(url, data=form, timeout=timeout, allow_redirects=follow)

    def is_active(self, user: str = "a@x.com") -> bool:
        """Whether the customer may send."""
        return self.sandbox.state(user).customers[user].active

    def raw(self) -> socket.socket:
        """A fresh connection on which the same call has been written, and from which nothing has been read."""
        host, port = self.sandbox.url.removeprefix("http://").split(":")
        body = b"api_user=acme&api_key=pw&method=disable&user=a@x.com"
        head = f"POST /apiv2/reseller.manage.json HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {len(body)}\r\n\r\n"
        client = socket.create_connection((host, int(port)), timeout=LONG)
        client.sendall(head.encode() + body)
        return client

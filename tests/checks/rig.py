"""Calls to a running stand-in in any of its dialects, and answers read alike whatever their format."""

import http.client
import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from sandbox.provider.accounts.snapshot import CustomerSnapshot
from sandbox.provider.journal import JournalEntry
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.settings import Switches

OK = {"message": "success"}
UNF = {"message": "User not found"}
NOT_FOUND = {"error": {"code": 404, "message": "Not found"}}
NO_SUCH_USER = {"error": {"code": 400, "message": "User does not exist"}}
LOGIN = {"api_user": "acme", "api_key": "pw"}
LIST = {"method": "profile", "task": "get"}
NEW = {
    **dict.fromkeys(("first_name", "last_name", "address", "city", "state"), "x"),
    **dict.fromkeys(("zip", "country", "phone", "company"), "x"),
    "username": "new@x.com",
    "email": "new@x.com",
    "password": "secret1",
    "confirm_password": "secret1",
    "website": "example.com",
    "package": "Basic",
    "whitelabel": "mail.example.com",
}
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Dialect:
    """An edition in a format."""

    prefix: str
    format: str

    def __str__(self) -> str:
        return f"{self.prefix.rpartition('/')[2]}-{self.format}"

    def path(self, action: str) -> str:
        """Where an action is."""
        return f"/{self.prefix}.{action}.{self.format}"


RESELLER = "apiv2/reseller"
DISTRIBUTOR = "api/distributor"
RESELLER_DIALECTS = (Dialect(RESELLER, "json"), Dialect(RESELLER, "xml"))
DIALECTS = (*RESELLER_DIALECTS, Dialect(DISTRIBUTOR, "json"), Dialect(DISTRIBUTOR, "xml"))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; header names are lower-cased."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> Any:  # noqa: ANN401 - whatever the JSON says, or the same read from XML
        """What it says, in the shape that it has or would have in JSON."""
        if self.body.startswith(b"<?xml"):
            return _document(ET.fromstring(self.body))  # noqa: S314 - our own server's
        return json.loads(self.body)

    @property
    def errors(self) -> list[str]:
        """The texts of a list of errors; the answer must be one."""
        content = self.content
        assert isinstance(content, dict), content
        assert content["message"] == "error", content
        assert content["errors"], content
        return list(content["errors"])


def _document(root: ET.Element) -> object:
    match root.tag:
        case "users":
            return [{field.tag: field.text or "" for field in user} for user in root]
        case "error":
            return {"error": {"code": int(root.findtext("code", "")), "message": root.findtext("message")}}
        case _:
            content: dict[str, object] = {"message": root.findtext("message")}
            if root.find("code") is not None:
                return {"code": int(root.findtext("code", "")), **content}
            errors = root.find("errors")
            return content if errors is None else {**content, "errors": [error.text for error in errors]}


class Provider:
    """The stand-in as one client sees it, and as a test that may look behind the door."""

    def __init__(self, sandbox: RemoteSandbox, dialect: Dialect) -> None:
        self.sandbox = sandbox
        self.dialect = dialect
        self._connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=60)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def send(self, verb: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """One call as it is written here; an underscore in a header's name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request(verb, path, body, named)
        answer = self._connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def post(self, action: str, **form: object) -> Reply:
        """An action with a form, as acme."""
        body = urlencode({**LOGIN, **form}, doseq=True).encode()
        return self.send("POST", self.dialect.path(action), body, Content_Type=_FORM)

    def manage(self, **form: object) -> Reply:
        """The action that most operations share."""
        return self.post("manage", **form)

    def v3(self, verb: str, path: str, document: object = None, **headers: str) -> Reply:
        """A call of the newer API with acme's key, unless another is given."""
        body = b"" if document is None else json.dumps(document).encode()
        return self.send(verb, path, body, **{"Authorization": "Bearer SG.acme", **headers})

    def rows(self, **filters: str) -> list[dict[str, str]]:
        """What a search finds."""
        found = self.manage(**LIST, **filters).content
        assert isinstance(found, list), found
        return found

    def names(self, **filters: str) -> list[str]:
        """The usernames that a search finds."""
        return [row["username"] for row in self.rows(**filters)]

    def row(self, username: str) -> dict[str, str]:
        """The row of exactly that customer."""
        (row,) = (row for row in self.rows(username=username) if row["username"] == username)
        return row

    def customer(self, username: str) -> CustomerSnapshot:
        """What the provider holds about a customer."""
        return self.sandbox.state(username).customers[username]

    @property
    def version(self) -> int:
        """How many changes there were."""
        return self.sandbox.state("nobody").version

    @property
    def last(self) -> JournalEntry:
        """The journal's newest line."""
        return self.sandbox.journal()[-1]

    def switch(self, **switches: object) -> None:
        """Chooses readings; all others are the default ones."""
        self.sandbox.set_switches(Switches.model_validate(switches))

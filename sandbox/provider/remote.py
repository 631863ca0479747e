"""Steering and questioning a running stand-in over HTTP, from a test, a demonstration or another process."""

import json
import urllib.error
import urllib.parse
import urllib.request

from sandbox.provider.accounts.snapshot import AccountsSnapshot
from sandbox.provider.faults import FaultInForce, FaultRule
from sandbox.provider.journal import JournalEntry, JournalPage
from sandbox.provider.settings import Switches


class RemoteError(Exception):
    """The stand-in cannot be reached, or refused what it was given; the message says which."""


class RemoteSandbox:
    """One stand-in, by its URL. Every call waits at most `timeout_seconds` and may raise RemoteError."""

    def __init__(self, url: str, timeout_seconds: float = 10.0) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds
        # The stand-in is on this machine or beside it: a proxy that the environment names is not on the way.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def in_flight(self) -> int:
        """How many calls have arrived and not yet had their effect."""
        return int(json.loads(self._ask("GET", "/health"))["in_flight"])

    def reset(self) -> None:
        """Back to the start: seed, switches, no faults, empty journal. Calls that still wait will have no effect."""
        self._ask("POST", "/reset")

    def inject(self, *rules: FaultRule) -> None:
        """Puts faults in force, behind those that are."""
        self._ask("POST", "/faults", [rule.model_dump(mode="json") for rule in rules])

    def replace_faults(self, *rules: FaultRule) -> None:
        """Puts these faults in force and takes all others away, at once: no call slips in between."""
        self._ask("PUT", "/faults", [rule.model_dump(mode="json") for rule in rules])

    def faults(self) -> tuple[FaultInForce, ...]:
        """The rules that can still befall a call, oldest first, with the calls they have met and befallen."""
        listed = json.loads(self._ask("GET", "/faults"))["faults"]
        return tuple(FaultInForce.model_validate_json(json.dumps(rule)) for rule in listed)

    def clear_faults(self) -> None:
        """Takes all faults away."""
        self._ask("DELETE", "/faults")

    def set_switches(self, switches: Switches) -> None:
        """Chooses the readings in force from now on; the state stays."""
        self._ask("PUT", "/switches", switches.model_dump(mode="json"))

    def set_latency(self, seconds: float) -> None:
        """How long each call takes from now on."""
        self._ask("PUT", "/latency", {"seconds": seconds})

    def state(self, username: str | None = None) -> AccountsSnapshot:
        """The whole state, or that of one customer."""
        query = "" if username is None else f"?username={urllib.parse.quote(username)}"
        return AccountsSnapshot.model_validate_json(self._ask("GET", f"/state{query}"))

    def digest(self, secret: str) -> str:
        """What the journal and the state show in place of this secret."""
        return str(json.loads(self._ask("POST", "/digest", {"value": secret}))["digest"])

    def journal(self, after: int = 0, wait_seconds: float = 0.0) -> tuple[JournalEntry, ...]:
        """Every entry after a sequence; waits so long for the first one if there is none yet.

        Raises RemoteError when some of them are no longer remembered: what is left would prove nothing.
        """
        entries: list[JournalEntry] = []
        page = self._page(after, wait_seconds)
        while page.entries:
            entries += page.entries
            page = self._page(entries[-1].sequence)
        return tuple(entries)

    def _page(self, after: int, wait_seconds: float = 0.0) -> JournalPage:
        page = JournalPage.model_validate_json(
            self._ask("GET", f"/journal?after={after}&wait_seconds={wait_seconds}", patience=wait_seconds)
        )
        if page.dropped > after:
            raise RemoteError(
                f"The sandbox's journal has dropped its first {page.dropped} entries. Start it with a higher limit."
            )
        return page

    def _ask(self, verb: str, path: str, document: object = None, *, patience: float = 0.0) -> bytes:
        """One control call; returns the body. `patience` are seconds that the stand-in may take on purpose."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox{path}", data=body, method=verb)  # noqa: S310 - http only
        try:
            with self._opener.open(request, timeout=self._timeout_seconds + patience) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as exc:
            with exc:
                raise RemoteError(f"The sandbox refused {verb} {path}: {exc.read().decode()}") from exc
        except OSError as exc:
            raise RemoteError(f"The sandbox at {self.url} does not answer {verb} {path}: {exc}.") from exc

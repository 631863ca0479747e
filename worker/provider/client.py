"""The provider's customer API as the worker's port: every command's one change, and what can be read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from messages.commands import Command, UpdateUserProfile
from worker.domain.provider import CustomerRow
from worker.errors import OutcomeUnknown, Rejected, Unauthorized
from worker.provider.calling import Caller, Surroundings
from worker.provider.calls.forms import Forms
from worker.provider.calls.profiles import Profiles
from worker.provider.config import CallObserver, Login, ProviderConfig

#: No username is longer than 100 characters, so this one can never exist.
_IMPOSSIBLE_USERNAME = "probe." + "0" * 120


class ProviderClient:
    """Implements the `Provider` port. Safe for many threads; at most `concurrency` calls are under way at once."""

    def __init__(
        self,
        config: ProviderConfig,
        may_write: Callable[[], bool],
        observe: CallObserver,
        read_login: Callable[[], Login] | None = None,
        exhausted: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        around = Surroundings(may_write, observe, read_login or (lambda: config.login), exhausted)
        self._caller = Caller(config, around)
        self._forms = Forms(config)
        self._profiles = Profiles(config)

    def apply(self, command: Command) -> None:
        """Make the one change that the command asks for, in one call; see the port."""
        if isinstance(command, UpdateUserProfile):
            self._caller.make(self._profiles.update(command))
        else:
            self._caller.make(self._forms.change(command))

    def find(self, username: str) -> CustomerRow | None:
        """The customer with exactly that username; the provider's own search finds substrings, in pages."""
        try:
            return next((row for row in self.search({"username": username}) if row.username == username), None)
        except Rejected as refusal:
            # It is the question that was refused, and not the command that it is asked for.
            unknown = OutcomeUnknown(f"the list cannot be read: {refusal.detail}", refusal.errors)
            unknown.waited_seconds = refusal.waited_seconds
            raise unknown from refusal

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Every customer that matches, each once; a page is read when the rows before it are used up."""
        seen: set[str] = set()
        while True:
            rows = self._caller.make(self._forms.page(filters, len(seen)))
            new = {row.username: row for row in reversed(rows) if row.username not in seen}
            # A server that knows no pages gives the same rows again: then all of them were read.
            if not new:
                return
            seen |= new.keys()
            yield from reversed(new.values())

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf would act on.

        A key that is good and may not act for this user is a refusal of the command, not of the login. Both are told
        in the same way, so a refused key is asked for itself, and then once more: it may have been changed meanwhile.
        """
        try:
            return self._caller.make(self._profiles.username(on_behalf_of))
        except Unauthorized:
            self._caller.make(self._profiles.own_username())
        try:
            return self._caller.make(self._profiles.username(on_behalf_of))
        except Unauthorized as refused:
            raise Rejected("the v3 key is good, but may not act for this user", refused.errors) from refused

    def probe(self) -> None:
        """Ask for a customer that cannot exist. A refusal is an answer too: the provider is there and knows us."""
        with suppress(Rejected):
            self._caller.make(self._forms.page({"username": _IMPOSSIBLE_USERNAME}, 0))

    def end(self) -> None:
        """Turn away what waits for its turn; calls under way go on."""
        self._caller.end()

    def close(self) -> None:
        """Close idle connections."""
        self._caller.close()

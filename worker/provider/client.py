"""The provider's customer API as the worker's port: every command's one change, and what can be read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from messages.commands import Command, UpdateUserProfile
from worker.domain.ports import CustomerRow
from worker.domain.telemetry import Emit, discard_event
from worker.domain.texts.comparison import same_in_any_case
from worker.errors import OutcomeUnknown, ProviderLogin, Rejected, Unauthorized
from worker.provider.caller import Caller, CallerContext
from worker.provider.calls import Forms, Profiles
from worker.provider.config import Login, ProviderConfig
from worker.provider.listing import Listing

#: No username is longer than 100 characters, so this one can never exist.
_IMPOSSIBLE_USERNAME = "probe." + "0" * 120


class ProviderClient:
    """Implements the `Provider` port. Safe for many threads; at most `concurrency` calls are under way at once."""

    def __init__(
        self,
        config: ProviderConfig,
        may_write: Callable[[], bool],
        emit: Emit = discard_event,
        read_login: Callable[[], Login] | None = None,
        exhausted: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        around = CallerContext(may_write, emit, read_login or (lambda: config.login), exhausted)
        self._caller = Caller(config, around)
        self._forms = Forms(config)
        self._profiles = Profiles(config)
        self._on_behalf_of = OnBehalfOf(self._caller, self._profiles)

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
            raise _unread("the list", refusal) from refusal

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Every customer that matches, each once; a page is read when the rows before it are used up."""
        return Listing(lambda offset: self._caller.make(self._forms.page(filters, offset))).rows()

    def acting_for(self, on_behalf_of: str) -> str:
        """The username that a v3 call on this one's behalf would act on; never the key's own. Raises Rejected then."""
        return self._on_behalf_of.username(on_behalf_of)

    def probe(self) -> None:
        """Ask for a customer that cannot exist. A refusal is a success: the provider answers and knows the login."""
        with suppress(Rejected):
            self._caller.make(self._forms.page({"username": _IMPOSSIBLE_USERNAME}, 0))

    def probe_v3(self) -> None:
        """Ask whose the bearer key is; without a key there is nothing to ask."""
        with suppress(Rejected):
            self._caller.make(self._profiles.own_username())

    def probes(self) -> Mapping[ProviderLogin, Callable[[], None]]:
        """The probe of each login."""
        return {ProviderLogin.V2: self.probe, ProviderLogin.V3: self.probe_v3}

    def waited_seconds(self) -> float:
        """How long the calling thread has ever waited for its turn: for our own rate limit, or for a place."""
        return self._caller.waited_seconds()

    def end(self) -> None:
        """Turn away what waits for its turn; calls under way go on."""
        self._caller.end()

    def close(self) -> None:
        """Close idle connections."""
        self._caller.close()


class OnBehalfOf:
    """Asks the provider for whom a v3 call would act; the key's own user is asked for once for each login."""

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
            raise _unread("whose the v3 key is", refusal) from refusal
        # Both at once: other threads read them together.
        self._own = login, name
        return name


def _unread(what: str, refusal: Rejected) -> OutcomeUnknown:
    """It is the question that was refused, and not the command that it is asked for."""
    unknown = OutcomeUnknown(f"{what} cannot be read: {refusal.detail}", refusal.errors)
    unknown.login = refusal.login
    return unknown

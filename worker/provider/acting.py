"""For whom a v3 call on somebody's behalf would act; never for the reseller itself."""

from worker.domain.texts.comparison import same_in_any_case
from worker.errors import OutcomeUnknown, Rejected, Unauthorized
from worker.provider.calling import Caller
from worker.provider.calls.profiles import Profiles
from worker.provider.config import Login


class Acting:
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

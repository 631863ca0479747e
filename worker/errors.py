"""The tree of errors. Foreign exceptions are translated into these once, at the border of a room.

WorkerError
├── SettingsInvalid            what the operator set cannot be used (exit 78)
├── ProviderError              one call to the provider did not succeed
│   ├── NotSent                it cannot have happened
│   ├── Rejected               it did not happen, the provider said so
│   │   └── Unsupported        refused without a call: this login cannot do it at all
│   ├── Throttled              the provider asks for a pause
│   ├── Unauthorized           the provider refuses our login
│   ├── Blocked                this request is refused without a word of the provider's; others may not be
│   ├── OutcomeUnknown         it may have happened
│   ├── NotApplied             a last look showed that it did not happen, and no attempts are left
│   └── Unprovable             it may have happened, and nothing that can be read will prove it
├── LedgerError                the ledger did not do what was asked
│   ├── LedgerUnavailable      the database cannot be reached or written now
│   ├── LedgerRefused          it belongs to another worker, is locked, or has another schema (exit 78)
│   ├── Unstorable             the database refuses this command's row for what it holds
│   ├── NotTaken               the database does not take this command now, and others go on
│   ├── Unsealable             what is parked was encrypted with a key that is not set any more
│   └── ClaimLost              the token is no longer the owner's: somebody else took the command over
└── BrokerError                the broker did not do what was asked
    ├── BrokerUnreachable      no connection (exit 69)
    ├── TopologyMismatch       a queue or exchange is missing or has other arguments
    └── PublishFailed          a message was returned, refused, or not confirmed in time
        └── Unpublishable      this message alone, as it is, cannot be written to this broker
"""

from collections.abc import Sequence
from enum import StrEnum


class WorkerError(Exception):
    """Anything the worker itself can explain to a person."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The sentences, each to be printed on a line of its own."""
        return (str(self),)


class SettingsInvalid(WorkerError):
    """What the operator set cannot be used; `faults` names every one of them, never a secret's value."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)

    @property
    def lines(self) -> tuple[str, ...]:
        """The faults, one line each."""
        return self.faults


class RefusalHint(StrEnum):
    """What the words of a refusal sound like. A hint only: texts vary, so it never decides alone."""

    TAKEN = "taken"
    NOT_FOUND = "not_found"


class ProviderLogin(StrEnum):
    """The logins the worker has at the provider; one may be refused while another is good.

    Which one applies a command is known to the provider's room alone; to all others they are opaque names.
    """

    V2 = "v2"
    V3 = "v3"


#: The login of nearly all commands, and what a message counts for that is no command.
MAIN_LOGIN = ProviderLogin.V2


class ProviderError(WorkerError):
    """One call did not succeed. `errors` are the provider's own texts, scrubbed of the command's secrets.

    `login` is the one that the call was made with; None when no call was made, or it is not known. `nothing_written`:
    no write of this attempt was sent that may have been applied; set where only a read failed. `retry_after_seconds`:
    for how long the provider asks to be left alone; None when it named no time. `waits_for_all`: whether it asks that
    of every call; otherwise it is about this request alone.
    """

    login: ProviderLogin | None = None
    nothing_written: bool = False
    retry_after_seconds: float | None = None
    waits_for_all: bool = False

    def __init__(self, detail: str, errors: Sequence[str] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class NotSent(ProviderError):
    """The request never left: it cannot have happened, and repeating it is safe."""


class Rejected(ProviderError):
    """The provider understood the request and refused it: it did not happen. `hint`: what its words sound like."""

    def __init__(self, detail: str, errors: Sequence[str] = (), hint: RefusalHint | None = None) -> None:
        super().__init__(detail, errors)
        self.hint = hint


class Unsupported(Rejected):
    """Refused by the worker itself, without a call: this login cannot do it at all. The provider was not asked."""


class Throttled(ProviderError):
    """The provider asks for a pause of `retry_after_seconds`; None when it named no time."""

    waits_for_all = True

    def __init__(self, detail: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unauthorized(ProviderError):
    """The provider refuses the login. The command is not at fault until a probe shows the login is good.

    `status`: the HTTP status that said so, where it is known.
    """

    def __init__(
        self,
        detail: str,
        errors: Sequence[str] = (),
        login: ProviderLogin = MAIN_LOGIN,
        status: int | None = None,
    ) -> None:
        super().__init__(detail, errors)
        self.login = login
        self.status = status


class Blocked(ProviderError):
    """This request is refused by its status alone, as a firewall does: it did not happen, and others may pass.

    Final only when it lasts while others are answered: for all of them together it is the provider's trouble. `how`:
    what came with the status, such as "with a web page"; empty for nothing.
    """

    def __init__(self, status: int | None, errors: Sequence[str] = (), how: str = "") -> None:
        described = f"({status}) {how}".strip() if status else how
        words = f": {'; '.join(errors)}" if errors else ""
        super().__init__(
            f"this request is refused {described}".rstrip()
            + f", by the provider or by a firewall on the way to it{words}",
            errors,
        )


class OutcomeUnknown(ProviderError):
    """The request left and no readable answer came back: it may have happened, or may still happen."""


class NotApplied(ProviderError):
    """It did not happen, and no attempts are left: nothing was ever sent, or a last look did not find it."""


class Unprovable(ProviderError):
    """What is found at the provider may be this command's work or another's, and no further look will prove which."""


class LedgerError(WorkerError):
    """The ledger did not do what was asked."""


class LedgerUnavailable(LedgerError):
    """The database cannot be reached or written now; nothing was committed."""


class LedgerRefused(LedgerError):
    """The ledger is locked by another process, belongs to another worker, or has a schema we do not know."""


class Unstorable(LedgerError):
    """The database refuses this row for what it holds, and will each time. Nothing of it was committed."""


class NotTaken(LedgerError):
    """The database does not take this command alone, for a reason that may go away. Nothing of it was committed."""


class Unsealable(LedgerError):
    """What is parked was encrypted with a key that is not set any more: it waits until that key is put back."""


class ClaimLost(LedgerError):
    """The claim's token is no longer valid: another process took the command over. Nothing was committed."""


class BrokerError(WorkerError):
    """The broker did not do what was asked."""


class BrokerUnreachable(BrokerError):
    """There is no connection to the broker."""


class TopologyMismatch(BrokerError):
    """An exchange or a queue is missing, or exists with other arguments than the worker needs."""


class PublishFailed(BrokerError):
    """The message was returned, refused or not confirmed in time. It may still have been taken: repeat it as it was."""


class Unpublishable(PublishFailed):
    """This broker, as it is set up, can never take this message as it is; it says nothing about any other message."""

"""UpdateUserProfile: the one command of the v3 API, where a target that is not understood means the reseller itself.

An unknown or ignored `On-Behalf-Of` would change the reseller's own profile. So before every write the provider is
asked for whom it would act, and nothing is written unless the answer names the user who is meant.
"""

from messages.commands import UpdateUserProfile
from messages.results import Outcome
from worker.domain.ports import Provider
from worker.domain.result_events import Success
from worker.domain.texts.comparison import same_in_any_case
from worker.domain.work import Attempt
from worker.errors import ProviderError, Rejected, Unprovable, Unsupported
from worker.handlers.evidence import HARMLESS, certainly_first, look, look_exactly, prove, reading

_ACCOUNT = "account-id "


def update_user_profile(provider: Provider, command: UpdateUserProfile, attempt: Attempt) -> Success:
    """Set fields of a user's own profile; repeated after an unknown outcome, and read at a last look."""
    target = _proven_target(provider, command, attempt)
    if attempt.may_write:
        _write(provider, command, attempt, target)
        return Success(Outcome.APPLIED)
    wanted = {name: value for name, value in command.revealed().items() if name != "on_behalf_of"}
    prove(look(provider, target, attempt), target, wanted)
    return Success(Outcome.ALREADY_APPLIED)


def _write(provider: Provider, command: UpdateUserProfile, attempt: Attempt, target: str) -> None:
    try:
        provider.apply(command)
    except Rejected as refused:
        # Of a user that is not there no profile was changed.
        if certainly_first(attempt) or look(provider, target, attempt) is None:
            raise
        raise Unprovable(
            f"whether an earlier attempt changed the profile of {target} cannot be read, and this one was refused; "
            f"{HARMLESS}: {refused.detail}",
            refused.errors,
        ) from refused


def _proven_target(provider: Provider, command: UpdateUserProfile, attempt: Attempt) -> str:
    try:
        with reading(attempt, f"whom {command.on_behalf_of} stands for"):
            name = provider.acting_for(command.on_behalf_of)
    except Rejected as refused:
        raise _unproven(command, attempt, refused) from refused
    if not _is_meant(provider, command, attempt, name):
        raise _unproven(command, attempt, Rejected(f"the provider would have acted for {name}"))
    return name


def _is_meant(provider: Provider, command: UpdateUserProfile, attempt: Attempt, name: str) -> bool:
    if not command.on_behalf_of.startswith(_ACCOUNT):
        return same_in_any_case(name, command.on_behalf_of)
    # No username to compare with. The reseller is in no list of its own customers, so whoever is there is not it.
    return (look_exactly(provider, name, attempt) or look(provider, name, attempt)) is not None


def _unproven(command: UpdateUserProfile, attempt: Attempt, refused: Rejected) -> ProviderError:
    asked = f"the provider does not act on behalf of {command.on_behalf_of}: {refused.detail}"
    if attempt.begun:
        return Unprovable(f"{asked}; whether an earlier attempt changed the profile cannot be read", refused.errors)
    if isinstance(refused, Unsupported):
        return refused
    return Rejected(f"{asked}; nothing was changed", refused.errors)

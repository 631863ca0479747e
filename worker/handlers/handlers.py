"""Finds the handler of a command: a function from the command and one attempt to its success.

Those of commands that set a value are here: to set it again changes nothing, so after an unknown outcome they
are repeated.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from messages.catalog import CATALOG
from messages.commands import (
    AddCredential,
    ChangePassword,
    ChangeUsername,
    Command,
    CreateCustomer,
    DeleteCustomer,
    RemoveCredential,
    RetrieveCustomers,
    RotateCredential,
    SetCommand,
    UpdateUserProfile,
)
from messages.results import Outcome
from worker.domain.ports import Ledger, Provider
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.errors import Rejected, Unprovable
from worker.handlers.creation import create_customer
from worker.handlers.credentials import add_credential, remove_credential
from worker.handlers.deletion import delete_customer
from worker.handlers.evidence import is_whole_answer, look, prove, prove_before_refusal
from worker.handlers.renaming import change_username
from worker.handlers.retrieval import retrieve_customers
from worker.handlers.user_profile import update_user_profile

Handler = Callable[[Any, Attempt], Success]

PasswordCommand = ChangePassword | RotateCredential


class Handlers:
    """Applies any command of the catalog. Raises a ProviderError when an attempt does not succeed."""

    def __init__(self, provider: Provider, ledger: Ledger) -> None:
        self._handlers: Mapping[type[Command], Handler] = {
            **{
                entry.model: partial(set_listed, provider)
                for entry in CATALOG.values()
                if issubclass(entry.model, SetCommand)
            },
            CreateCustomer: partial(create_customer, provider, ledger),
            DeleteCustomer: partial(delete_customer, provider, ledger),
            RetrieveCustomers: partial(retrieve_customers, provider),
            ChangePassword: partial(set_password, provider),
            ChangeUsername: partial(change_username, provider, ledger),
            AddCredential: partial(add_credential, provider, ledger),
            RotateCredential: partial(set_password, provider),
            RemoveCredential: partial(remove_credential, provider),
            UpdateUserProfile: partial(update_user_profile, provider),
        }

    def handle(self, command: Command, attempt: Attempt) -> Success:
        """Make one attempt to perform the command."""
        return self._handlers[type(command)](command, attempt)


def set_listed(provider: Provider, command: SetCommand, attempt: Attempt) -> Success:
    """Set what the provider lists; a last look, or one after a refused repeat, reads whether it is as asked."""
    if not attempt.may_write:
        prove(look(provider, command.username, attempt), command.username, command.listed())
        return Success(Outcome.ALREADY_APPLIED)
    try:
        provider.apply(command)
    except Rejected as refused:
        if is_whole_answer(refused, attempt):
            raise
        row = look(provider, command.username, attempt)
        prove_before_refusal(row, command.username, command.listed(), attempt, refused)
        return Success(Outcome.ALREADY_APPLIED)
    return Success(Outcome.APPLIED)


def set_password(provider: Provider, command: PasswordCommand, attempt: Attempt) -> Success:
    """Set a customer's password, or a credential's; the provider cannot be asked whether it is set."""
    if not attempt.may_write:
        raise Unprovable(_unread_password(command))
    try:
        provider.apply(command)
    except Rejected as refused:
        # Of a customer that is not there no password was changed.
        if is_whole_answer(refused, attempt) or look(provider, command.username, attempt) is None:
            raise
        raise Unprovable(f"{_unread_password(command)}: {refused.detail}", refused.errors) from refused
    return Success(Outcome.APPLIED)


def _unread_password(command: PasswordCommand) -> str:
    owner = f"credential {command.credential_name} of " if isinstance(command, RotateCredential) else ""
    return (
        f"whether {owner}{command.username} has the new password cannot be read; sending the "
        "command again sets the same password again and does no harm"
    )

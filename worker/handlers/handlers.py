"""Finds the handler of a command."""

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
from worker.domain.ports import Ledger
from worker.domain.provider import Provider
from worker.domain.results import Success
from worker.domain.work import Attempt
from worker.handlers.families.addition import add_credential
from worker.handlers.families.creation import CreateHandler
from worker.handlers.families.removals import DeleteHandler, remove_credential
from worker.handlers.families.renaming import RenameHandler
from worker.handlers.families.retrieval import retrieve_customers
from worker.handlers.families.sets import set_password, set_readable
from worker.handlers.families.user_profile import update_user_profile

Story = Callable[[Any, Attempt], Success]


class Handlers:
    """Applies any command of the catalog. Raises a ProviderError when an attempt does not succeed."""

    def __init__(self, provider: Provider, ledger: Ledger) -> None:
        self._stories = _stories(provider, ledger)

    def handle(self, command: Command, attempt: Attempt) -> Success:
        """Try the command once."""
        return self._stories[type(command)](command, attempt)


def _stories(provider: Provider, ledger: Ledger) -> Mapping[type[Command], Story]:
    readable = partial(set_readable, provider)
    password = partial(set_password, provider)
    return {
        **{entry.model: readable for entry in CATALOG.values() if issubclass(entry.model, SetCommand)},
        CreateCustomer: CreateHandler(provider, ledger).handle,
        DeleteCustomer: DeleteHandler(provider, ledger).handle,
        RetrieveCustomers: partial(retrieve_customers, provider),
        ChangePassword: password,
        ChangeUsername: RenameHandler(provider, ledger).handle,
        AddCredential: partial(add_credential, provider, ledger),
        RotateCredential: password,
        RemoveCredential: partial(remove_credential, provider),
        UpdateUserProfile: partial(update_user_profile, provider),
    }

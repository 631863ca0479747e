"""Finds the handler of a command: a function from the command and one attempt to its success."""

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
from worker.domain.ports import Ledger, Provider
from worker.domain.result_events import Success
from worker.domain.work import Attempt
from worker.handlers.creation import create_customer
from worker.handlers.credentials import add_credential, remove_credential
from worker.handlers.deletion import delete_customer
from worker.handlers.renaming import change_username
from worker.handlers.retrieval import retrieve_customers
from worker.handlers.sets import set_listed, set_password
from worker.handlers.user_profile import update_user_profile

Handler = Callable[[Any, Attempt], Success]


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

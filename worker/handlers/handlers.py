"""Finds the handler of a command."""

from messages.commands import Command, CreateCustomer, DisableCustomer, RotateCredential
from worker.domain.ports import Ledger
from worker.domain.provider import Provider
from worker.domain.results import Success
from worker.domain.work import Attempt
from worker.handlers.create import CreateHandler
from worker.handlers.settings import disable_customer, rotate_credential


class Handlers:
    """Applies any command of the catalog. Raises a ProviderError when a try does not succeed."""

    def __init__(self, provider: Provider, ledger: Ledger) -> None:
        self._provider = provider
        self._create = CreateHandler(provider, ledger)

    def handle(self, command: Command, attempt: Attempt) -> Success:
        """Try the command once."""
        match command:
            case CreateCustomer():
                return self._create.handle(command, attempt)
            case DisableCustomer():
                return disable_customer(self._provider, command, attempt)
            case RotateCredential():
                return rotate_credential(self._provider, command, attempt)
            case _:
                raise AssertionError(f"{type(command).__name__} is in the catalog but has no handler")

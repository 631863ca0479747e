"""A provider in memory at which a given command about Ada has something to change, and nothing in its way."""

from messages.commands import AddCredential, Command, CreateCustomer, EnableCustomer, EnableWebsiteAccess
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, create_command


def provider_with_ada() -> FakeProvider:
    """Ada is there, with an old password and a credential, `mailer`."""
    provider = FakeProvider()
    provider.add(create_command())
    ada = provider.customers[USERNAME]
    ada.password, ada.credentials["mailer"] = "the old one", "the old one"
    return provider


def provider_ready_for(command: Command) -> FakeProvider:
    """Ada is there, unless she is to be created; what the command sets is set otherwise."""
    provider = provider_with_ada()
    ada = provider.customers[USERNAME]
    match command:
        case CreateCustomer():
            provider.customers.clear()
        case EnableCustomer():
            ada.fields["active"] = "false"
        case EnableWebsiteAccess():
            ada.fields["website_access"] = "false"
        case AddCredential():
            ada.credentials.clear()
    return provider

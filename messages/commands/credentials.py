"""Commands about credentials: further logins of a customer. The provider knows them in the reseller edition only."""

from messages.commands.command import CustomerCommand
from messages.fields import CredentialName, Password


class AddCredential(CustomerCommand):
    """Give a customer a further login. The provider knows credentials in the reseller edition only."""

    credential_name: CredentialName
    credential_password: Password


class RotateCredential(CustomerCommand):
    """Give a credential a new password. The provider knows credentials in the reseller edition only."""

    credential_name: CredentialName
    new_credential_password: Password


class RemoveCredential(CustomerCommand):
    """Take a login from a customer. The provider knows credentials in the reseller edition only."""

    credential_name: CredentialName

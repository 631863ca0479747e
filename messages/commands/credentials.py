"""Commands about credentials: further logins of a customer. The provider knows them in the reseller edition only."""

from messages.commands.command import CustomerCommand
from messages.fields import Name, Password


class AddCredential(CustomerCommand):
    """Give a customer a further login. The emitter chooses the password, so that a repeat sets the same one."""

    credential_name: Name
    credential_password: Password


class RotateCredential(CustomerCommand):
    """Give a credential a new password. The emitter chooses it, so that a repeat sets the same one."""

    credential_name: Name
    new_credential_password: Password


class RemoveCredential(CustomerCommand):
    """Take a login from a customer."""

    credential_name: Name

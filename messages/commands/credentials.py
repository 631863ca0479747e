"""Commands about credentials: further logins of a customer. The provider knows them in the reseller edition only."""

from typing import Annotated

from pydantic import Field

from messages.commands.command import CustomerCommand
from messages.commands.samples import CREDENTIAL, SECRET
from messages.fields import CredentialName, Password
from messages.results import Succeeded

_ItsName = Annotated[str, Field(description="The credential's name.")]


class CredentialAdded(Succeeded):
    """The customer has the credential, with the password the command gave."""

    credential_name: _ItsName


class AddCredential(CustomerCommand):
    """Give a customer a further login. The provider knows credentials in the reseller edition only."""

    event = CredentialAdded
    examples = ({**CREDENTIAL, "credential_password": SECRET},)

    credential_name: CredentialName
    credential_password: Password


class CredentialRotated(Succeeded):
    """The credential has the new password."""

    credential_name: _ItsName


class RotateCredential(CustomerCommand):
    """Give a credential a new password. The provider knows credentials in the reseller edition only."""

    event = CredentialRotated
    examples = ({**CREDENTIAL, "new_credential_password": SECRET},)

    credential_name: CredentialName
    new_credential_password: Password


class CredentialRemoved(Succeeded):
    """The customer no longer has the credential."""

    credential_name: _ItsName


class RemoveCredential(CustomerCommand):
    """Take a login from a customer. The provider knows credentials in the reseller edition only."""

    event = CredentialRemoved
    examples = (CREDENTIAL,)

    credential_name: CredentialName

"""Credentials: further logins of a customer. Their names share one space with all usernames."""

from typing import Final

from sandbox.provider.accounts.records import Credential, Customer
from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Operation, ServedCall
from sandbox.provider.operations.replies import Refused, Reply, SuccessReply, no_such_customer
from sandbox.provider.operations.served import Served


def add_credential(call: ServedCall) -> Reply:
    """Creates a credential; refused when the name is taken, by whomever, so a repeat is refused too."""
    owner = _owner(call, "credential_password")
    if not isinstance(owner, Customer):
        return owner
    name = call.form.get("credential_name")
    buried = call.switches.tombstone and call.accounts.is_tombstone(name)
    if buried or call.accounts.is_taken(name):
        return Refused((validation.TAKEN,))
    return _put(call, owner, name, "credential_password")


def edit_credential(call: ServedCall) -> Reply:
    """Sets the password of a credential of this customer; a repeat succeeds. The name cannot change."""
    found = _credential(call, "new_credential_password")
    if not isinstance(found, tuple):
        return found
    owner, credential = found
    return _put(call, owner, credential.name, "new_credential_password")


def delete_credential(call: ServedCall) -> Reply:
    """Takes a credential of this customer away; nothing is left for a repeat to delete."""
    found = _credential(call)
    if not isinstance(found, tuple):
        return found
    call.accounts.remove_credential(found[1])
    return SuccessReply()


def _credential(call: ServedCall, *passwords: str) -> tuple[Customer, Credential] | Reply:
    """The credential that this is about and its owner, or what is wrong with the call."""
    owner = _owner(call, *passwords)
    if not isinstance(owner, Customer):
        return owner
    credential = call.accounts.credential(owner, call.form.get("credential_name"))
    return Refused(("Credential does not exist",)) if credential is None else (owner, credential)


def _owner(call: ServedCall, *passwords: str) -> Customer | Reply:
    """The customer whose credential this is about, or what is wrong with the arguments that these calls have."""
    form = call.form
    errors = (
        *validation.missing(form, ("user", "credential_name", *passwords)),
        *validation.bad_name(form, "user"),
        *validation.bad_name(form, "credential_name"),
        *(fault for password in passwords for fault in validation.bad_password(form, password)),
    )
    if errors:
        return Refused(errors)
    return call.customer() or no_such_customer(call.switches)


def _put(call: ServedCall, owner: Customer, name: str, password: str) -> Reply:
    call.accounts.put_credential(Credential(owner.number, name, call.seal.digest(call.form.get(password))))
    return SuccessReply()


SERVED: Final = (
    Served(Operation.CREDENTIAL_ADD, add_credential, ("credential", "add")),
    Served(Operation.CREDENTIAL_EDIT, edit_credential, ("credential", "edit")),
    Served(Operation.CREDENTIAL_DELETE, delete_credential, ("credential", "delete")),
)

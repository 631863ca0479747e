"""Credentials: further logins of a customer. Their names share one space with all usernames."""

from sandbox.provider.accounts.state import Credential, Customer
from sandbox.provider.operations import validation
from sandbox.provider.operations.calls import Call
from sandbox.provider.operations.replies import Refused, Reply, Success, unknown_user


def add_credential(call: Call) -> Reply:
    """Creates a credential; refused when the name is taken, by whomever, so a repeat is refused too."""
    owner = _owner(call, "credential_password")
    if not isinstance(owner, Customer):
        return owner
    name = call.form.get("credential_name")
    buried = call.switches.tombstone and call.accounts.is_tombstone(name)
    if buried or call.accounts.is_taken(name):
        return Refused((validation.TAKEN,))
    return _put(call, owner, name, "credential_password")


def edit_credential(call: Call) -> Reply:
    """Sets the password of a credential of this customer; a repeat succeeds. The name cannot change."""
    owner = _owner(call, "new_credential_password")
    if not isinstance(owner, Customer):
        return owner
    credential = call.accounts.credential(owner, call.form.get("credential_name"))
    if credential is None:
        return Refused(("Credential does not exist",))
    return _put(call, owner, credential.name, "new_credential_password")


def _owner(call: Call, password: str) -> Customer | Reply:
    """The customer whose credential this is about, or what is wrong with the arguments that all these calls have."""
    form = call.form
    errors = (
        *validation.missing(form, ("user", "credential_name", password)),
        *validation.bad_name(form, "user"),
        *validation.bad_name(form, "credential_name"),
        *validation.bad_password(form, password),
    )
    if errors:
        return Refused(errors)
    return call.customer() or unknown_user(call.switches, Refused((validation.NO_SUCH_USER,)))


def _put(call: Call, owner: Customer, name: str, password: str) -> Reply:
    call.accounts.put_credential(Credential(owner.number, name, call.seal.digest(call.form.get(password))))
    return Success()

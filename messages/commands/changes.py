"""Commands that change what the provider knows of a customer: profile, password, username, email."""

from pydantic import ConfigDict, Field, model_validator

from messages.commands.command import CustomerCommand, SetCommand, names_something_to_change
from messages.commands.samples import CUSTOMER, NEW_ADDRESS, PROFILE, SECRET
from messages.fields import Email, NewUsername, Password, Text50, Text100, Text255
from messages.results import Succeeded


class ProfileUpdated(Succeeded):
    """The profile has the values the command gave."""


class UpdateProfile(SetCommand):
    """Change profile fields: at least one, and those not given stay.

    The provider states no limits here, so those of `CreateCustomer` hold.
    """

    event = ProfileUpdated
    examples = ({**CUSTOMER, "city": "Othertown"}, {**CUSTOMER, **PROFILE})

    model_config = ConfigDict(json_schema_extra=names_something_to_change)

    first_name: Text50 | None = None
    last_name: Text50 | None = None
    address: Text100 | None = None
    city: Text100 | None = None
    state: Text100 | None = None
    country: Text100 | None = None
    zip: Text50 | None = None
    phone: Text50 | None = None
    website: Text255 | None = None
    company: Text255 | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "UpdateProfile":
        if len(self.revealed()) == 1:
            raise ValueError("must have at least one field to change beside username")
        return self


class PasswordChanged(Succeeded):
    """The customer has the new password."""


class ChangePassword(CustomerCommand):
    """Give a customer a new password for its sending and its web login.

    The worker itself repeats it, as the provider asks.
    """

    event = PasswordChanged
    examples = ({**CUSTOMER, "password": SECRET},)

    password: Password


class UsernameChanged(Succeeded):
    """The customer is known by its new username; `username` is the old one."""

    new_username: str = Field(description="What the customer is called from now on.")


class ChangeUsername(CustomerCommand):
    """Give a customer a new username: its SMTP and website logins change at once.

    The new name must differ from the old one in more than upper and lower case; the worker checks it, no schema can.
    Send what follows under `new_username`: a command for either name keeps its place behind this one.
    """

    event = UsernameChanged
    examples = ({**CUSTOMER, "new_username": NEW_ADDRESS},)

    new_username: NewUsername

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeUsername":
        # A change of case alone could not be distinguished from no change when its outcome must be read back.
        if self.new_username.lower() == self.username.lower():
            raise ValueError("new_username must differ from username in more than case")
        return self

    def customers(self) -> tuple[str, ...]:
        """The customer under its old and its new name: commands for either must keep their place."""
        return (self.username, self.new_username)


class EmailChanged(Succeeded):
    """The customer has the new email address."""

    email: str = Field(description="The new address.")


class ChangeEmail(SetCommand):
    """Give a customer a new email address, at once and without confirmation."""

    event = EmailChanged
    examples = ({**CUSTOMER, "email": NEW_ADDRESS},)

    email: Email

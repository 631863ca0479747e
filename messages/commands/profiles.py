"""UpdateUserProfile: the one command of the provider's v3 API."""

from pydantic import ConfigDict, Field, model_validator

from messages.commands.command import Command, names_something_to_change
from messages.commands.samples import ADDRESS, PROFILE
from messages.fields import OnBehalfOf, ProfileText
from messages.results import Succeeded


class UserProfileUpdated(Succeeded):
    """The user's own profile has the values the command gave."""

    on_behalf_of: str = Field(description="Whose profile it is, as the command said it; `username` says the same.")


class UpdateUserProfile(Command):
    """Change fields of a user's own profile: at least one; those not given stay, an empty text clears one.

    `on_behalf_of` is required, because without it the provider would change the reseller's own profile. The worker must
    have a key for the provider's v3 API.
    """

    event = UserProfileUpdated
    examples = (
        {"on_behalf_of": ADDRESS, "address2": ""},
        {"on_behalf_of": "account-id 4711", "address2": "2nd floor", **PROFILE},
    )

    model_config = ConfigDict(json_schema_extra=names_something_to_change)

    on_behalf_of: OnBehalfOf
    address: ProfileText | None = None
    address2: ProfileText | None = None
    city: ProfileText | None = None
    company: ProfileText | None = None
    country: ProfileText | None = None
    first_name: ProfileText | None = None
    last_name: ProfileText | None = None
    phone: ProfileText | None = None
    state: ProfileText | None = None
    website: ProfileText | None = None
    zip: ProfileText | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "UpdateUserProfile":
        if len(self.revealed()) == 1:
            raise ValueError("must have at least one field to change beside on_behalf_of")
        return self

    def customers(self) -> tuple[str, ...]:
        """The user on whose behalf it is asked for."""
        return (self.on_behalf_of,)

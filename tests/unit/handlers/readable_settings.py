"""The commands that set something which the provider's list shows, with what it shows before and after."""

from dataclasses import dataclass

from messages.commands import Command
from tests.support.work_samples import NEW_USERNAME, USERNAME, commands_about_ada

ADA = commands_about_ada()


@dataclass(frozen=True)
class Setting:
    """A command, the field it sets, what that is before, and what the command makes of it."""

    command: Command
    field: str
    before: str
    after: str


READABLE = [
    Setting(ADA["EnableCustomer"], "active", "false", "true"),
    Setting(ADA["DisableCustomer"], "active", "true", "false"),
    Setting(ADA["EnableWebsiteAccess"], "website_access", "false", "true"),
    Setting(ADA["DisableWebsiteAccess"], "website_access", "true", "false"),
    Setting(ADA["UpdateProfile"], "city", "London", "Paris"),
    Setting(ADA["ChangeEmail"], "email", USERNAME, NEW_USERNAME),
]

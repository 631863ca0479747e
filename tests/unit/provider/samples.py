"""One command of each kind, with the call that it must become."""

from dataclasses import dataclass, field

from messages import commands
from messages.commands import Command
from tests.support.work_samples import PASSWORD, USERNAME, create_command

PROFILE = {"first_name": "Zoë", "city": "Łódź", "company": "A & B <Ltd>"}
V3_PROFILE = {"first_name": "Zoë", "address2": "", "zip": "01234"}


@dataclass(frozen=True)
class Change:
    """A command of the v2 API, its operation, the end of its path, and the fields that are sent beside the login."""

    command: Command
    operation: str
    action: str
    fields: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return type(self.command).__name__


def about(model: type[Command], **fields: object) -> Command:
    """Validate a command about Ada."""
    return model.model_validate({"username": USERNAME, **fields})


def _user(**fields: str) -> dict[str, str]:
    return {"user": USERNAME, **fields}


_CREATED = {
    "confirm_password": PASSWORD,
    **{name: str(value) for name, value in create_command().revealed().items()},
}
_SET = {"method": "profile", "task": "set"}

CREATE = Change(create_command(), "add", "add", _CREATED)
DISABLE = Change(about(commands.DisableCustomer), "disable", "manage", _user(method="disable"))
CREDENTIALS = (
    Change(
        about(commands.AddCredential, credential_name="mailer", credential_password=PASSWORD),
        "credential_add",
        "credential",
        _user(task="add", credential_name="mailer", credential_password=PASSWORD),
    ),
    Change(
        about(commands.RotateCredential, credential_name="mailer", new_credential_password=PASSWORD),
        "credential_edit",
        "credential",
        _user(task="edit", credential_name="mailer", new_credential_password=PASSWORD),
    ),
    Change(
        about(commands.RemoveCredential, credential_name="mailer"),
        "credential_delete",
        "credential",
        _user(task="delete", credential_name="mailer"),
    ),
)
CUSTOMERS = (
    CREATE,
    Change(about(commands.DeleteCustomer), "delete", "delete", _user()),
    Change(about(commands.EnableCustomer), "enable", "manage", _user(method="enable")),
    DISABLE,
    Change(about(commands.EnableWebsiteAccess), "website_enable", "manage", _user(method="website_enable")),
    Change(about(commands.DisableWebsiteAccess), "website_disable", "manage", _user(method="website_disable")),
    Change(about(commands.UpdateProfile, **PROFILE), "set_profile", "manage", _user(**_SET, **PROFILE)),
    Change(
        about(commands.ChangePassword, password=PASSWORD),
        "set_password",
        "manage",
        _user(method="password", password=PASSWORD, confirm_password=PASSWORD),
    ),
    Change(
        about(commands.ChangeUsername, new_username="new@example.com"),
        "set_username",
        "manage",
        _user(method="profile", task="setUsername", username="new@example.com"),
    ),
    Change(
        about(commands.ChangeEmail, email="new@example.com"),
        "set_email",
        "manage",
        _user(method="profile", task="setEmail", email="new@example.com"),
    ),
)
CHANGES = (*CUSTOMERS, *CREDENTIALS)
UPDATE = commands.UpdateUserProfile.model_validate({"on_behalf_of": "Ada@Example.com", **V3_PROFILE})
ALL_COMMANDS = (*(change.command for change in CHANGES), UPDATE)

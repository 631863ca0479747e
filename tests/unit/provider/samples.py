"""One command of each kind, with the call that it must become."""

from dataclasses import dataclass, field

from messages import commands
from messages.commands import Command
from tests.support.work_samples import PASSWORD, USERNAME, create_command
from worker.provider.config import Operation

PROFILE = {"first_name": "Zoë", "city": "Łódź", "company": "A & B <Ltd>"}
V3_PROFILE = {"first_name": "Zoë", "address2": "", "zip": "01234"}


@dataclass(frozen=True)
class Change:
    """A command of the v2 API, its operation, the end of its path, and the fields that are sent beside the login."""

    command: Command
    operation: Operation
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

CREATE = Change(create_command(), Operation.ADD, "add", _CREATED)
DISABLE = Change(about(commands.DisableCustomer), Operation.DISABLE, "manage", _user(method="disable"))
CREDENTIALS = (
    Change(
        about(commands.AddCredential, credential_name="mailer", credential_password=PASSWORD),
        Operation.CREDENTIAL_ADD,
        "credential",
        _user(task="add", credential_name="mailer", credential_password=PASSWORD),
    ),
    Change(
        about(commands.RotateCredential, credential_name="mailer", new_credential_password=PASSWORD),
        Operation.CREDENTIAL_EDIT,
        "credential",
        _user(task="edit", credential_name="mailer", new_credential_password=PASSWORD),
    ),
    Change(
        about(commands.RemoveCredential, credential_name="mailer"),
        Operation.CREDENTIAL_DELETE,
        "credential",
        _user(task="delete", credential_name="mailer"),
    ),
)
CUSTOMERS = (
    CREATE,
    Change(about(commands.DeleteCustomer), Operation.DELETE, "delete", _user()),
    Change(about(commands.EnableCustomer), Operation.ENABLE, "manage", _user(method="enable")),
    DISABLE,
    Change(about(commands.EnableWebsiteAccess), Operation.WEBSITE_ENABLE, "manage", _user(method="website_enable")),
    Change(about(commands.DisableWebsiteAccess), Operation.WEBSITE_DISABLE, "manage", _user(method="website_disable")),
    Change(about(commands.UpdateProfile, **PROFILE), Operation.SET_PROFILE, "manage", _user(**_SET, **PROFILE)),
    Change(
        about(commands.ChangePassword, password=PASSWORD),
        Operation.SET_PASSWORD,
        "manage",
        _user(method="password", password=PASSWORD, confirm_password=PASSWORD),
    ),
    Change(
        about(commands.ChangeUsername, new_username="new@example.com"),
        Operation.SET_USERNAME,
        "manage",
        _user(method="profile", task="setUsername", username="new@example.com"),
    ),
    Change(
        about(commands.ChangeEmail, email="new@example.com"),
        Operation.SET_EMAIL,
        "manage",
        _user(method="profile", task="setEmail", email="new@example.com"),
    ),
)
CHANGES = (*CUSTOMERS, *CREDENTIALS)
UPDATE = commands.UpdateUserProfile.model_validate({"on_behalf_of": "Ada@Example.com", **V3_PROFILE})
ALL_COMMANDS = (*(change.command for change in CHANGES), UPDATE)

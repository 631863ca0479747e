"""One customer's life in every command that changes something, as the provider's journal and state show it."""

import json
from types import SimpleNamespace

from sandbox.provider.accounts.seal import Seal
from sandbox.provider.accounts.seed import Seed, SeedCredential, SeedCustomer, SeedReseller, open_accounts
from sandbox.provider.accounts.snapshot import AccountsSnapshot, take_snapshot
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.calls import Operation
from sandbox.provider.operations.registry import Effect
from sandbox.provider.operations.replies import AnswerKind
from tests.support import commands
from tests.support.billing import ReceivedMessage
from tests.support.commands import Command
from tests.support.verdict import Accounts

ADA, LADY = "ada@example.com", "lovelace@example.com"
SEAL = Seal(b"a key of the test's own")

#: In their order; the last two know her by her new name.
LIFE: tuple[tuple[Command, Operation], ...] = (
    (commands.create(ADA, subject="cus_1", id="create"), Operation.ADD),
    (commands.disable(ADA, id="disable"), Operation.DISABLE),
    (commands.enable(ADA, id="enable"), Operation.ENABLE),
    (commands.disable_website(ADA, id="website off"), Operation.WEBSITE_DISABLE),
    (commands.enable_website(ADA, id="website on"), Operation.WEBSITE_ENABLE),
    (commands.update_profile(ADA, {"city": "Paris", "company": "Engines"}, id="profile"), Operation.SET_PROFILE),
    (commands.change_password(ADA, "second password", id="password"), Operation.SET_PASSWORD),
    (commands.change_email(ADA, "ada@new.example", id="email"), Operation.SET_EMAIL),
    (commands.add_credential(ADA, "mailer", "mailer-0", id="add"), Operation.CREDENTIAL_ADD),
    (commands.add_credential(ADA, "spare", "spare-0", id="add spare"), Operation.CREDENTIAL_ADD),
    (commands.rotate(ADA, "mailer", "mailer-1", id="rotate"), Operation.CREDENTIAL_EDIT),
    (commands.remove_credential(ADA, "spare", id="remove"), Operation.CREDENTIAL_DELETE),
    (commands.rename(ADA, LADY, subject="cus_1", id="rename"), Operation.SET_USERNAME),
    (
        commands.update_user_profile(LADY, {"address2": "Floor 2", "city": "Rome"}, id="v3"),
        Operation.USER_PROFILE_UPDATE,
    ),
    (commands.disable(LADY, id="disable again"), Operation.DISABLE),
)
COMMANDS = {command.id: command for command, _ in LIFE}


def event(command: Command, kind: str = "Done", body: str = "") -> ReceivedMessage:
    """The event of a command's end."""
    document = {"data": {"command_id": command.id, "body": body}}
    return ReceivedMessage(
        "key", json.dumps(document).encode(), SimpleNamespace(message_id=f"event of {command.id}", type=kind)
    )


def dead_letter(command: Command, identity: str = "letter-1") -> ReceivedMessage:
    """What a person must look at."""
    headers = {"provisioning-command-id": command.id, "provisioning-dead-letter-id": identity}
    return ReceivedMessage("key", command.message().body, SimpleNamespace(headers=headers))


def entry(command: Command, operation: Operation, effect: Effect = Effect.CHANGED) -> JournalEntry:
    """The journal's line about the command's call."""
    secrets = ("password", "credential_password", "new_credential_password")
    secret = next((command.data[name] for name in secrets if name in command.data), None)
    return JournalEntry(
        sequence=1,
        arrival=1,
        monotonic_seconds=0.0,
        epoch_seconds=0.0,
        verb="POST",
        path="/",
        query_names=(),
        api_user="acme",
        operation=operation,
        username=command.username,
        new_username=command.data.get("new_username", ""),
        email=command.data.get("email", ""),
        credential_name=command.data.get("credential_name", ""),
        secret_digest=None if secret is None else SEAL.digest(secret),
        fault=None,
        answer=AnswerKind.OK,
        status=200,
        effect=effect,
    )


def state(**changes: object) -> AccountsSnapshot:
    """The provider's books at the end of her life."""
    mailer = SeedCredential.model_validate({"name": "mailer", "password": "mailer-1"})
    created = COMMANDS["create"].data
    fields = {name: created[name] for name in SeedCustomer.model_fields if name in created}
    last = {
        "reseller": "acme",
        "username": LADY,
        "password": "second password",
        "email": "ada@new.example",
        "active": False,
        "company": "Engines",
        "city": "Rome",
        "credentials": (mailer,),
    }
    customer = SeedCustomer.model_validate({**fields, **last, **changes})
    seed = Seed(resellers=(SeedReseller.model_validate({"api_user": "acme", "api_key": "pw"}),), customers=(customer,))
    books = take_snapshot(open_accounts(seed, SEAL))
    # No customer has a second line of address from the start.
    kept = {name: one.model_copy(update={"address2": "Floor 2"}) for name, one in books.customers.items()}
    return books.model_copy(update={"customers": kept})


def sound() -> Accounts:
    """Accounts in which every promise was kept."""
    return Accounts(
        commands=tuple(COMMANDS.values()),
        events=tuple(map(event, COMMANDS.values())),
        dead_letters=(),
        journal=tuple(entry(*step) for step in LIFE),
        state=state(),
        failing=frozenset(),
        digest=SEAL.digest,
    )

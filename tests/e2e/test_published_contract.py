"""Who knows only the published document can provision customers: it names what to send, where, and what comes back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import new_username
from tests.support.contract_reader import ContractEmitter, contract_emitter
from tests.support.installation import Installation
from tests.support.worker_process import WorkerProcess

EXAMPLES = Path(__file__).parents[2] / "examples"
STRUCTURED, BINARY, BARE = range(3)
CREDENTIALS = ("AddCredential", "RotateCredential", "RemoveCredential")
#: A customer's life, in an order in which every command can succeed.
LIFE = (
    *("CreateCustomer", "RetrieveCustomers", "DisableCustomer", "EnableCustomer"),
    *("DisableWebsiteAccess", "EnableWebsiteAccess", "UpdateProfile", "ChangePassword", "ChangeEmail"),
    *(*CREDENTIALS, "UpdateUserProfile", "ChangeUsername", "DeleteCustomer"),
)


@pytest.fixture(scope="module")
def document(
    running_installation: tuple[Installation, WorkerProcess], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The document of this installation, as its operator exports it."""
    installation, folder = running_installation[0], tmp_path_factory.mktemp("contract")
    exported = installation.type("schema", "export", str(folder), "--prefix", installation.topology.prefix)
    assert exported.returncode == 0, exported.stderr
    read: dict[str, Any] = json.loads((folder / "asyncapi.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture
def emitter(installation: Installation, document: dict[str, Any]) -> Iterator[ContractEmitter]:
    """A billing system that was given the document."""
    with contract_emitter(document, installation.broker_url, f"Shop #{new_username()}") as opened:
        yield opened


@pytest.mark.parametrize("form", [STRUCTURED, BINARY, BARE])
def test_a_customer_is_created_in_every_form_of_the_document(
    emitter: ContractEmitter, installation: Installation, form: int
) -> None:
    username = new_username()
    sent = emitter.send("CreateCustomer", form, {"username": username})

    event = emitter.hear("CreateCustomer", sent)

    assert (event["type"], event["data"]["username"]) == ("CustomerCreated", username)
    assert installation.sandbox.state(username).customers[username].first_name == "Ada"


@pytest.mark.parametrize("form", [STRUCTURED, BINARY, BARE])
def test_a_failure_is_received_as_the_document_says(emitter: ContractEmitter, form: int) -> None:
    sent = emitter.send("CreateCustomer", form, {"username": new_username(), "package": "Platinum"})

    event = emitter.hear("CreateCustomer", sent)

    assert (event["type"], event["data"]["reason"]) == ("CommandFailed", "provider_rejected")


def test_every_command_of_the_document_is_answered_by_its_success(emitter: ContractEmitter) -> None:
    username, later = new_username(), new_username()
    own: dict[str, dict[str, Any]] = {
        **{name: {"username": username, "credential_name": f"mailer of {username}"} for name in CREDENTIALS},
        "UpdateUserProfile": {"on_behalf_of": username},
        "ChangeUsername": {"username": username, "new_username": later},
        "DeleteCustomer": {"username": later},
    }
    received = [
        emitter.hear(command, emitter.send(command, STRUCTURED, own.get(command, {"username": username})))
        for command in LIFE
    ]

    assert [event["data"]["command_type"] for event in received] == list(LIFE)
    assert [event["data"]["detail"] for event in received if event["type"] == "CommandFailed"] == []


def test_the_examples_can_be_sent_as_they_are(own_installation: Installation) -> None:
    with own_installation.worker():
        for name, count in (("signup.json", 1), ("lifecycle.json", 13), ("list-customers.json", 1)):
            sent = own_installation.type("send", "--wait", str(EXAMPLES / name))
            assert sent.returncode == 0, sent.stdout + sent.stderr
            assert len(sent.stdout.splitlines()) == count

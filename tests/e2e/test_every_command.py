"""Every command, in both editions and both formats, sent twice: one effect, and the same event two times over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from messages.catalog import CATALOG
from sandbox.provider.operations.calls import Edition, Format, Operation
from sandbox.servers.finding import OwnBroker
from tests.support import commands as build
from tests.support.commands import Command
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation

ADA, CUSTOMER, BEN = "ada@example.com", "lovelace@example.com", "ben@example.com"
PROFILE = {"first_name": "Zoë", "city": "Łódź", "company": "New & Co <Ltd>", "address": "1 \\ 2 'High' \"Street\""}
USER_PROFILE = {"city": "Zürich", "address2": "", "website": "https://example.com/?a=1&b=2"}
WRITTEN: Sequence[Command] = (
    build.create(ADA, subject="cus_ada"),
    build.disable(ADA),
    build.enable(ADA),
    build.disable_website(ADA),
    build.enable_website(ADA, subject="cus_ada"),
    build.update_profile(ADA, PROFILE),
    build.change_password(ADA, 'pässword & <"100%">'),
    build.change_email(ADA, "ada@new.example"),
    build.add_credential(ADA, "mailer", "mailer & 0"),
    build.rotate(ADA, "mailer", "mailer % 1"),
    build.remove_credential(ADA, "mailer"),
    build.rename(ADA, CUSTOMER),
    build.update_user_profile(CUSTOMER, USER_PROFILE),
    build.create(BEN),
    build.delete(BEN),
    build.retrieve({"username": "aa@x.com"}),
)
#: Commands that nobody has written a test of yet.
NEW = {name: entry for name, entry in CATALOG.items() if name not in {command.type for command in WRITTEN}}
EVERY = (
    *WRITTEN,
    *(Command(name, {**entry.model.examples[0], "username": CUSTOMER}) for name, entry in NEW.items()),
)
#: Of two of a type the first.
BY_TYPE = {command.type: command for command in reversed(EVERY)}
#: What an event has beside what all of them have.
ADDED: dict[str, dict[str, Any]] = {
    "CreateCustomer": {"event": "CustomerCreated"},
    "DeleteCustomer": {"event": "CustomerDeleted", "username": BEN},
    "RetrieveCustomers": {"event": "CustomersRetrieved", "username": None, "offset": 0, "next_offset": None},
    "EnableCustomer": {"event": "CustomerEnabled"},
    "DisableCustomer": {"event": "CustomerDisabled"},
    "EnableWebsiteAccess": {"event": "WebsiteAccessEnabled"},
    "DisableWebsiteAccess": {"event": "WebsiteAccessDisabled"},
    "UpdateProfile": {"event": "ProfileUpdated"},
    "ChangePassword": {"event": "PasswordChanged"},
    "ChangeUsername": {"event": "UsernameChanged", "new_username": CUSTOMER},
    "ChangeEmail": {"event": "EmailChanged", "email": "ada@new.example"},
    "AddCredential": {"event": "CredentialAdded", "credential_name": "mailer"},
    "RotateCredential": {"event": "CredentialRotated", "credential_name": "mailer"},
    "RemoveCredential": {"event": "CredentialRemoved", "credential_name": "mailer"},
    "UpdateUserProfile": {"event": "UserProfileUpdated", "username": CUSTOMER, "on_behalf_of": CUSTOMER},
    **{
        name: {
            "event": entry.event,
            "username": CUSTOMER,
            **{each: entry.model.examples[0][each] for each in entry.echoed},
        }
        for name, entry in NEW.items()
    },
}
COMMON = {"command_id", "command_source", "command_type", "generation", "outcome", "attempts", "completed_at"}
CREDENTIALS = {"AddCredential", "RotateCredential", "RemoveCredential"}
V3 = {Operation.USER_PROFILE_UPDATE, Operation.USER_PROFILE, Operation.USER_USERNAME}


@dataclass(frozen=True, slots=True)
class Lived:
    """An installation in which every message was published twice."""

    installation: Installation
    edition: Edition
    format: Format

    @property
    def impossible(self) -> set[str]:
        """The commands that the edition does not have."""
        return CREDENTIALS if self.edition is Edition.DISTRIBUTOR else set()


@pytest.fixture(
    scope="module",
    params=[(edition, answers) for edition in (Edition.RESELLER, Edition.DISTRIBUTOR) for answers in Format],
    ids="-".join,
)
def lived(
    request: pytest.FixtureRequest, broker: OwnBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    edition, answers = request.param
    with open_installation(broker.url, tmp_path_factory.mktemp("installation"), start=forked_worker) as installation:
        installation.settings |= {"PROVIDER__EDITION": edition.value, "PROVIDER__FORMAT": answers.value}
        with installation.worker() as worker:
            installation.emitter.publish(*EVERY)
            installation.emitter.publish(*EVERY)
            installation.listener.await_count(2 * len(EVERY))
            assert worker.terminate() == 0
        yield Lived(installation, edition, answers)


def test_every_command_of_the_catalog_is_among_them() -> None:
    assert set(BY_TYPE) == set(ADDED) == set(CATALOG)


@pytest.mark.parametrize("name", ADDED)
def test_a_command_comes_back_as_its_own_event_and_its_repeat_as_the_same_one(lived: Lived, name: str) -> None:
    first, second = lived.installation.listener.events_of(BY_TYPE[name])
    assert (first.body, first.properties.message_id) == (second.body, second.properties.message_id)
    if name in lived.impossible:
        assert (first.properties.type, first.data["reason"]) == ("CommandFailed", "provider_rejected")
        assert "PROVISIONING_PROVIDER__EDITION=reseller" in first.data["detail"]
        return
    wanted = {"username": ADA, **ADDED[name]}
    assert first.properties.type == wanted.pop("event")
    answered = {field: value for field, value in first.data.items() if field not in COMMON}
    rows = answered.pop("customers", [])
    assert answered == wanted
    assert [row["username"] for row in rows] == (["aa@x.com"] if name == "RetrieveCustomers" else [])
    assert (first.data["outcome"], first.data["attempts"]) == ("applied", 1)


def test_each_had_its_effect_once_in_order_and_left_what_it_asked_for(lived: Lived) -> None:
    failing = {command.id for command in EVERY if command.type in lived.impossible}
    totals = lived.installation.verdict(EVERY, failing)
    # A failure that is published again brings its dead letter again; those of one failure share their id.
    assert (totals.commands, totals.repeats, totals.dead_letters) == (
        len(EVERY),
        len(EVERY),
        2 * len(failing),
    )


def test_what_was_sent_was_sent_to_the_edition_and_in_the_format_that_were_set(lived: Lived) -> None:
    calls = lived.installation.sandbox.journal()
    assert {entry.edition for entry in calls if entry.operation in V3} == {Edition.V3}
    older = [entry for entry in calls if entry.operation not in V3]
    assert {entry.edition for entry in older} == {lived.edition}
    assert {entry.format for entry in older if entry.operation is not Operation.RETRIEVE} == {lived.format}
    # Names beyond Latin-1 may not survive the provider's XML, so lists are read as JSON.
    assert {entry.format for entry in older if entry.operation is Operation.RETRIEVE} == {Format.JSON}


def test_what_the_edition_does_not_have_is_never_called(lived: Lived) -> None:
    called = {entry.operation for entry in lived.installation.sandbox.journal()}
    assert Operation.UNKNOWN not in called
    assert (Operation.CREDENTIAL_ADD in called) is (not lived.impossible)

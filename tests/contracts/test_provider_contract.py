"""The port `Provider`, kept by the fake, and by the real client on a stand-in under every reading of the documents."""

from collections.abc import Iterator
from typing import Protocol

import pytest

from messages.commands import CreateCustomer, DisableCustomer, RotateCredential
from sandbox.provider.accounts.seed import check_seed
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.remote import RemoteSandbox
from sandbox.provider.server import running
from sandbox.provider.settings import AuthError, ErrorStatus, Filter, RowExtra, SandboxConfig, Switches, UnknownUser
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import create_command, disable_command, rotate_command
from worker.domain import provider as port
from worker.domain.provider import READABLE_FIELDS
from worker.errors import OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized
from worker.provider import ProviderClient, ProviderConfig
from worker.provider.config import Login

ADA = "a@x.com"
NEW = "new@x.com"
KEY = "pw-of-the-wrong-login"
READINGS = {
    "as recorded": Switches(),
    "errors with 4xx": Switches(error_status=ErrorStatus.CLIENT_ERROR, unknown_user=UnknownUser.NEST),
    "login errors in a list": Switches(auth_error=AuthError.ERRORS),
    "login errors as html": Switches(auth_error=AuthError.HTML403, unknown_user=UnknownUser.NEST),
    "pages of one": Switches(page_size=1, row_extra=frozenset(RowExtra)),
    "searches by prefix": Switches(filter=Filter.PREFIX),
    "searches exactly": Switches(filter=Filter.EXACT, disable_alias=False),
}


class Place(Protocol):
    """A provider that has Ada, her credential and her longer-named neighbour; and a look behind the scenes."""

    @property
    def provider(self) -> port.Provider:
        """The one that is tested."""

    def is_active(self, username: str) -> bool | None:
        """Whether the customer may send; None when there is none."""

    def has_password(self, username: str, credential: str, password: str) -> bool:
        """Whether the credential has this password."""

    def lose_next_answer(self, *, applied: bool) -> None:
        """Hang up on the next call, with or without its effect."""

    def throttle_next(self) -> None:
        """Ask for a pause at the next call."""

    def forget_our_login(self) -> None:
        """Refuse the login from now on."""


class FakePlace:
    """The fake's memory."""

    def __init__(self) -> None:
        self.provider = FakeProvider()
        for username in (ADA, f"a{ADA}"):
            self.provider.add(create_command(username=username, email=username))
        self.provider.customers[ADA].credentials["cred1"] = "cred1-password"

    def is_active(self, username: str) -> bool | None:
        """Read the fake."""
        customer = self.provider.customers.get(username)
        return None if customer is None else customer.fields["active"] == "true"

    def has_password(self, username: str, credential: str, password: str) -> bool:
        """Read the fake."""
        return self.provider.customers[username].credentials[credential] == password

    def lose_next_answer(self, *, applied: bool) -> None:
        """Tell the fake."""
        self.provider.lose_next_answer(applied=applied)

    def throttle_next(self) -> None:
        """Tell the fake."""
        self.provider.fail_next(Throttled("the provider asks for a pause (429)", 2.0))

    def forget_our_login(self) -> None:
        """Tell the fake."""
        self.provider.knows_our_login = False


class SandboxPlace:
    """The stand-in over HTTP."""

    def __init__(self, remote: RemoteSandbox) -> None:
        self._remote = remote
        self._login = Login("acme", "pw")
        self.provider = self._client()

    def is_active(self, username: str) -> bool | None:
        """Ask the stand-in."""
        customer = self._remote.state(username).customers.get(username)
        return None if customer is None else customer.active

    def has_password(self, username: str, credential: str, password: str) -> bool:
        """Ask the stand-in."""
        customer = self._remote.state(username).customers[username]
        return customer.credentials[credential] == self._remote.digest(password)

    def lose_next_answer(self, *, applied: bool) -> None:
        """Tell the stand-in."""
        self._remote.inject(FaultRule(fault=Fault.APPLY_THEN_DROP if applied else Fault.DROP_BEFORE, times=1))

    def throttle_next(self) -> None:
        """Tell the stand-in."""
        self._remote.inject(FaultRule(fault=Fault.THROTTLED, times=1, reset_seconds=2.0))

    def forget_our_login(self) -> None:
        """Come with another login."""
        self.provider.close()
        self._login = Login("acme", KEY)
        self.provider = self._client()

    def _client(self) -> ProviderClient:
        return ProviderClient(ProviderConfig(self._remote.url, self._login), lambda: True, lambda *_: None)


@pytest.fixture(scope="module")
def server() -> Iterator[RemoteSandbox]:
    with running(SandboxConfig(port=0, seed=check_seed())) as remote:
        yield remote


@pytest.fixture(params=["fake", *READINGS])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        yield FakePlace()
        return
    remote = request.getfixturevalue("server")
    remote.reset()
    remote.set_switches(READINGS[request.param])
    place = SandboxPlace(remote)
    yield place
    place.provider.close()


def new_customer(**changes: str) -> CreateCustomer:
    return create_command(username=NEW, email=NEW, **changes)


def disabling(username: str = ADA) -> DisableCustomer:
    return disable_command().model_copy(update={"username": username})


def rotating(username: str = ADA, credential: str = "cred1") -> RotateCredential:
    return rotate_command().model_copy(update={"username": username, "credential_name": credential})


def test_a_created_customer_is_found_as_it_was_asked_for(place: Place) -> None:
    command = new_customer(first_name="Zoë", last_name="Łukasz", website="https://ada.example.com/a?b=c&d=e")

    place.provider.create(command)

    row = place.provider.find(NEW)
    assert row is not None
    assert row.differences(command) == ()
    assert not row.disabled
    assert place.is_active(NEW)


def test_a_name_exists_once(place: Place) -> None:
    place.provider.create(new_customer())

    with pytest.raises(Rejected) as refused:
        place.provider.create(new_customer(city="Paris"))

    row = place.provider.find(NEW)
    assert refused.value.errors
    assert row is not None
    assert row.fields["city"] == "London"


def test_every_readable_field_tells_a_difference(place: Place) -> None:
    command = new_customer()
    place.provider.create(command)
    row = place.provider.find(NEW)

    assert row is not None
    for name in READABLE_FIELDS:
        assert row.differences(command.model_copy(update={name: "something else"})) == (name,)


@pytest.mark.parametrize("username", ["nobody@x.com", "@x.com", "a", "A@X.COM"])
def test_only_the_very_same_name_is_found(place: Place, username: str) -> None:
    assert place.provider.find(username) is None


@pytest.mark.parametrize("username", [ADA, f"a{ADA}"])
def test_a_name_within_another_is_not_mistaken_for_it(place: Place, username: str) -> None:
    row = place.provider.find(username)

    assert row is not None
    assert row.fields["username"] == username


def test_a_customer_is_disabled_and_stays_so(place: Place) -> None:
    for _ in range(2):
        place.provider.disable(disabling())
        row = place.provider.find(ADA)
        assert row is not None
        assert row.disabled

    assert place.is_active(ADA) is False


def test_a_credential_gets_its_password_and_keeps_it(place: Place) -> None:
    password = rotating().new_credential_password.get_secret_value()

    for _ in range(2):
        place.provider.edit_credential(rotating())
        assert place.has_password(ADA, "cred1", password)


def test_what_is_not_there_cannot_be_changed(place: Place) -> None:
    with pytest.raises(Rejected):
        place.provider.disable(disabling("nobody@x.com"))
    with pytest.raises(Rejected):
        place.provider.edit_credential(rotating("nobody@x.com"))
    with pytest.raises(Rejected):
        place.provider.edit_credential(rotating(credential="cred2"))


def test_the_probe_succeeds_and_changes_nothing(place: Place) -> None:
    place.provider.probe()

    assert place.is_active(ADA)


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_says_nothing_and_the_list_says_what_happened(place: Place, *, applied: bool) -> None:
    place.lose_next_answer(applied=applied)

    with pytest.raises(OutcomeUnknown):
        place.provider.create(new_customer())

    assert (place.provider.find(NEW) is not None) is applied


def test_a_throttle_names_its_time(place: Place) -> None:
    place.throttle_next()

    with pytest.raises(Throttled) as throttled:
        place.provider.disable(disabling())

    assert throttled.value.retry_after_seconds is not None
    assert 0.0 < throttled.value.retry_after_seconds <= 60.0
    assert place.is_active(ADA)


def test_a_refused_login_is_told_from_every_other_refusal(place: Place) -> None:
    place.forget_our_login()

    with pytest.raises(Unauthorized):
        place.provider.create(new_customer())
    with pytest.raises(Unauthorized):
        place.provider.disable(disabling())
    with pytest.raises(Unauthorized):
        place.provider.find(ADA)
    with pytest.raises(Unauthorized):
        place.provider.probe()
    assert place.is_active(NEW) is None


def test_no_refusal_repeats_a_secret(place: Place) -> None:
    secret = rotating().new_credential_password.get_secret_value()
    place.forget_our_login()

    with pytest.raises(ProviderError) as refused:
        place.provider.edit_credential(rotating())

    assert secret not in repr(refused.value) + repr(refused.value.errors)
    assert KEY not in repr(refused.value) + repr(refused.value.errors)

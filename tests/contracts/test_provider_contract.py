"""The port `Provider`: what each command changes, what it leaves alone, and what a second time does."""

import pytest

from messages.commands import (
    ChangeEmail,
    ChangePassword,
    ChangeUsername,
    DeleteCustomer,
    DisableCustomer,
    DisableWebsiteAccess,
    EnableCustomer,
    EnableWebsiteAccess,
    UpdateProfile,
)
from messages.commands.command import CustomerCommand
from tests.contracts.provider_commands import (
    PASSWORD,
    PROFILE,
    V3_PROFILE,
    about,
    adding,
    changes_of,
    creating,
    removing,
    rotating,
    updating,
)
from tests.contracts.provider_places import ADA, CREDENTIAL, GONE, NEIGHBOUR, NEW, NOBODY, OFF, THEIRS, Place
from worker.errors import RefusalHint, Rejected

FLAGS: list[tuple[type[CustomerCommand], str, str, bool]] = [
    (EnableCustomer, OFF, "active", True),
    (DisableCustomer, ADA, "active", False),
    (DisableWebsiteAccess, ADA, "website_access", False),
    (EnableWebsiteAccess, ADA, "website_access", True),
]


def test_a_created_customer_is_kept_as_it_was_asked_for(place: Place) -> None:
    command = creating(**PROFILE)

    place.provider.apply(command)

    wanted = {name: value for name, value in command.revealed().items() if name in place.customer(NEW)}
    assert place.customer(NEW) == {**wanted, "address2": "", "active": True, "website_access": True}
    assert len(wanted) == 12
    assert place.has_password(command.password.get_secret_value(), NEW)


@pytest.mark.parametrize("username", [ADA, GONE, THEIRS])
def test_a_name_that_is_or_was_somebody_s_is_taken(place: Place, username: str) -> None:
    before = place.names()

    with pytest.raises(Rejected) as refused:
        place.provider.apply(creating(username, city="Paris"))

    assert refused.value.hint is RefusalHint.TAKEN
    assert refused.value.errors
    assert place.names() == before
    assert place.customer()["city"] != "Paris"


def test_a_customer_is_deleted_once_and_for_good(place: Place) -> None:
    place.provider.apply(about(DeleteCustomer))
    assert place.names() == {OFF, NEIGHBOUR}

    with pytest.raises(Rejected):
        place.provider.apply(about(DeleteCustomer))
    with pytest.raises(Rejected) as refused:
        place.provider.apply(creating(ADA))
    assert refused.value.hint is RefusalHint.TAKEN


def test_a_delete_is_done_when_the_provider_says_so_and_not_when_the_list_does(late_closer: Place) -> None:
    late_closer.provider.apply(about(DeleteCustomer))

    assert late_closer.names() == {OFF, NEIGHBOUR}
    assert late_closer.provider.find(ADA) is not None


@pytest.mark.parametrize(("model", "username", "flag", "value"), FLAGS)
def test_a_switch_is_turned_and_stays_so(
    place: Place, model: type[CustomerCommand], username: str, flag: str, value: bool
) -> None:
    before = place.customer(username)

    for _ in range(2):
        place.provider.apply(about(model, username))
        assert place.customer(username) == {**before, flag: value}


def test_a_profile_gets_the_fields_that_are_named_and_keeps_the_others(place: Place) -> None:
    before = place.customer()

    for _ in range(2):
        place.provider.apply(about(UpdateProfile, **PROFILE))
        assert place.customer() == {**before, **PROFILE}


def test_a_customer_gets_its_password_and_keeps_it(place: Place) -> None:
    before = place.customer()

    for _ in range(2):
        place.provider.apply(about(ChangePassword, password=PASSWORD))
        assert place.has_password(PASSWORD)
    assert place.customer() == before


def test_a_customer_gets_its_email_and_keeps_it(place: Place) -> None:
    before = place.customer()

    for _ in range(2):
        place.provider.apply(about(ChangeEmail, email="new@y.com"))
        assert place.customer() == {**before, "email": "new@y.com"}


def test_a_customer_goes_by_its_new_name_with_all_it_had(place: Place) -> None:
    before = place.customer()

    place.provider.apply(about(ChangeUsername, new_username=NEW))

    assert place.names() == {NEW, OFF, NEIGHBOUR}
    assert place.customer(NEW) == {**before, "username": NEW}
    assert place.has_credential(CREDENTIAL, "cred1-password", NEW)


def test_a_customer_is_renamed_once(place: Place) -> None:
    place.provider.apply(about(ChangeUsername, new_username=NEW))

    with pytest.raises(Rejected) as refused:
        place.provider.apply(about(ChangeUsername, new_username="third@x.com"))
    assert refused.value.hint is RefusalHint.NOT_FOUND
    assert place.names() == {NEW, OFF, NEIGHBOUR}


@pytest.mark.parametrize("username", [OFF, GONE, THEIRS])
def test_no_customer_takes_a_name_that_is_or_was_another_s(place: Place, username: str) -> None:
    with pytest.raises(Rejected) as refused:
        place.provider.apply(about(ChangeUsername, new_username=username))

    assert refused.value.hint is RefusalHint.TAKEN
    assert place.names() == {ADA, OFF, NEIGHBOUR}


def test_a_user_s_own_profile_gets_the_fields_that_are_named(place: Place) -> None:
    before, reseller = place.customer(), place.reseller()

    for _ in range(2):
        place.provider.apply(updating())
        assert place.customer() == {**before, **V3_PROFILE}
    assert place.reseller() == reseller


def test_a_user_is_never_mistaken_for_the_reseller(place: Place) -> None:
    reseller = place.reseller()

    with pytest.raises(Rejected):
        place.provider.apply(updating(NOBODY))

    assert place.reseller() == reseller


@pytest.mark.parametrize("number", range(len(changes_of(NOBODY))))
@pytest.mark.parametrize("username", [NOBODY, THEIRS])
def test_who_is_not_ours_cannot_be_changed(place: Place, username: str, number: int) -> None:
    with pytest.raises(Rejected) as refused:
        place.provider.apply(changes_of(username)[number])

    assert refused.value.hint is RefusalHint.NOT_FOUND
    assert place.names() == {ADA, OFF, NEIGHBOUR}


def test_a_credential_is_added_once(reseller: Place) -> None:
    reseller.provider.apply(adding())
    assert reseller.has_credential("second", PASSWORD)

    with pytest.raises(Rejected) as refused:
        reseller.provider.apply(adding(username=OFF))
    assert refused.value.hint is RefusalHint.TAKEN
    assert not reseller.has_credential("second", PASSWORD, OFF)


def test_a_credential_gets_its_password_and_keeps_it(reseller: Place) -> None:
    for _ in range(2):
        reseller.provider.apply(rotating())
        assert reseller.has_credential(CREDENTIAL, PASSWORD)


def test_a_credential_is_removed_once(reseller: Place) -> None:
    reseller.provider.apply(removing())
    assert not reseller.has_credential(CREDENTIAL, "cred1-password")

    with pytest.raises(Rejected) as refused:
        reseller.provider.apply(removing())
    assert refused.value.hint is RefusalHint.NOT_FOUND


@pytest.mark.parametrize("username", [OFF, NOBODY])
def test_only_a_customer_s_own_credentials_can_be_changed(reseller: Place, username: str) -> None:
    for command in (rotating(username=username), removing(username=username)):
        with pytest.raises(Rejected) as refused:
            reseller.provider.apply(command)
        assert refused.value.hint is RefusalHint.NOT_FOUND
    assert reseller.has_credential(CREDENTIAL, "cred1-password")


def test_the_distributor_edition_changes_no_credential_and_says_why(distributor: Place) -> None:
    for command in (adding(), rotating(), removing()):
        with pytest.raises(Rejected, match="EDITION"):
            distributor.provider.apply(command)

    assert distributor.has_credential(CREDENTIAL, "cred1-password")
    assert not distributor.has_credential("second", PASSWORD)

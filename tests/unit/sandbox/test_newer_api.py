"""The newer API: whose key, on whose behalf, and what the journal has of it."""

import json

from sandbox.provider.accounts.records import Customer, Reseller
from sandbox.provider.accounts.state import Accounts
from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.reading import Request
from sandbox.provider.standin import StandIn

ACME = Reseller("acme", "pw", {}, v3_api_key="SG.acme")
ADA = Customer(number=7, reseller="acme", username="Ada@x.com", password_digest="d", email="ada@x.com")
BEARER = (b"authorization", b"Bearer SG.acme")


def patch(document: object, *headers: tuple[bytes, bytes]) -> Request:
    return Request("PATCH", "/v3/user/profile", body=json.dumps(document).encode(), headers=(BEARER, *headers))


def last(standin: StandIn) -> JournalEntry:
    (entry,) = standin.journal.after(standin.journal.last - 1, 1)
    return entry


def test_no_key_is_nobodys() -> None:
    accounts = Accounts([Reseller("keyless", "pw", {}), ACME])

    assert accounts.holder_of("SG.acme") is ACME
    assert accounts.holder_of("") is None


def test_overlapping_changes_of_the_resellers_own_profile_are_both_kept(standin: StandIn) -> None:
    arrivals = [standin.arrive(patch({name: "new"})) for name in ("city", "state")]
    for arrival in arrivals:
        standin.answer(arrival)

    profile = standin.accounts.resellers[0].profile
    assert (profile.city, profile.state) == ("new", "new")


def test_the_journal_reports_whom_a_call_was_about_and_never_with_which_key(standin: StandIn) -> None:
    standin.answer(standin.arrive(patch({"city": "Z"}, (b"on-behalf-of", b"account-id 1"))))
    entry = last(standin)

    assert (entry.edition, entry.operation, entry.effect) == ("v3", "user_profile_update", "changed")
    assert (entry.api_user, entry.username, entry.on_behalf_of) == ("acme", "a@x.com", "account-id 1")
    assert entry.header_names == ("authorization", "on-behalf-of")
    assert entry.key_digest == standin.seal.digest("SG.acme")
    assert "SG.acme" not in repr(entry)


def test_a_waiting_call_shows_no_secret_when_it_is_printed(standin: StandIn) -> None:
    form = b"api_user=acme&api_key=topsecret&password=other-secret"
    for arrival in (
        standin.arrive(patch({"city": "Z"})),
        standin.arrive(Request("POST", "/apiv2/reseller.add.json", form, form)),
    ):
        assert not [secret for secret in ("SG.acme", "topsecret", "other-secret") if secret in repr(arrival)]

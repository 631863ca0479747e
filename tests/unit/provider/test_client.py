"""What is found at the provider, and on how many pages."""

import pytest

from tests.support.work_samples import USERNAME
from tests.unit.provider.rig import LOGIN_REFUSED, Rig
from worker.errors import OutcomeUnknown, ProviderError, Rejected, Throttled, Unauthorized


@pytest.fixture
def rig() -> Rig:
    return Rig()


def rows(*usernames: str) -> bytes:
    return b"[" + b",".join(f'{{"username":"{name}"}}'.encode() for name in usernames) + b"]"


def test_only_the_very_same_name_is_found(rig: Rig) -> None:
    rig.answer(rows(f"a{USERNAME}", USERNAME.upper(), f"{USERNAME}.org"), rows(f"{USERNAME}.org"))

    assert rig.client.find(USERNAME) is None


def test_a_customer_is_looked_for_on_every_page(rig: Rig) -> None:
    rig.answer(rows("a", "b"), rows("b", "c", "d"), rows("d", "e", USERNAME))

    found = rig.client.find(USERNAME)

    assert found is not None
    assert [dict(form).get("offset") for _, form in rig.transport.posted] == [None, "1", "3"]


def test_a_page_with_nothing_new_ends_the_list(rig: Rig) -> None:
    rig.answer(rows("a", "b"), rows("b"))

    assert rig.client.find(USERNAME) is None
    assert len(rig.transport.posted) == 2


def test_an_empty_list_is_read_once(rig: Rig) -> None:
    rig.answer(b"[]")

    assert rig.client.find(USERNAME) is None
    assert len(rig.transport.posted) == 1


def test_a_page_that_fails_is_no_absence(rig: Rig) -> None:
    rig.answer(rows("a"), OutcomeUnknown("reset"))

    with pytest.raises(OutcomeUnknown):
        rig.client.find(USERNAME)


def test_a_question_that_is_refused_is_no_refusal_of_the_command(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["search is down"]}')

    with pytest.raises(OutcomeUnknown, match="search is down"):
        rig.client.find(USERNAME)


def names_found(rig: Rig, **filters: str) -> list[str]:
    return [row.username for row in rig.client.search(filters)]


def test_a_search_gives_every_row_of_every_page_once_and_in_order(rig: Rig) -> None:
    rig.answer(rows("b", "a"), rows("a", "c", "c"), rows("c", "d"), rows("d"))

    assert names_found(rig) == ["b", "a", "c", "d"]
    assert [dict(form).get("offset") for _, form in rig.transport.posted] == [None, "1", "3", "4"]


def test_a_search_sends_its_filters_beside_the_size_of_a_page(rig: Rig) -> None:
    rig.answer(b"[]")

    assert names_found(rig, city="Łódź & more", active="true") == []
    asked = {"method": "profile", "task": "get", "city": "Łódź & more", "active": "true", "limit": "500"}
    assert {name: value for name, value in rig.sent.items() if not name.startswith("api_")} == asked


def test_a_page_is_read_when_the_rows_before_it_are_used_up(rig: Rig) -> None:
    rig.answer(rows("a", "b"), rows("c"))
    search = rig.client.search({})

    assert rig.transport.posted == []
    assert [next(search).username for _ in range(2)] == ["a", "b"]
    assert len(rig.transport.posted) == 1


def test_a_search_that_breaks_off_does_not_end_as_if_it_were_whole(rig: Rig) -> None:
    rig.answer(rows("a"), OutcomeUnknown("reset"))
    search = rig.client.search({})

    assert next(search).username == "a"
    with pytest.raises(OutcomeUnknown):
        next(search)


def test_a_search_that_is_refused_says_so(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["active must be true or false"]}')

    with pytest.raises(Rejected, match="active must be"):
        names_found(rig, active="yes")


def test_the_probe_asks_for_a_customer_that_cannot_exist(rig: Rig) -> None:
    rig.answer(b"[]")

    rig.client.probe()

    assert rig.sent.items() >= {"method": "profile", "task": "get"}.items()
    assert len(rig.sent["username"]) > 100


def test_a_refused_question_shows_that_the_provider_is_there(rig: Rig) -> None:
    rig.answer(b'{"message":"error","errors":["username too long"]}')

    rig.client.probe()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(LOGIN_REFUSED, Unauthorized), (b"", OutcomeUnknown), (Throttled("slow down"), Throttled)],
)
def test_the_probe_fails_when_it_gets_no_answer(rig: Rig, answer: bytes | Exception, kind: type[ProviderError]) -> None:
    rig.answer(answer)

    with pytest.raises(kind):
        rig.client.probe()

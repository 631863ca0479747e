"""The provider gives back another spelling than it was sent: what is ours must not end as if it had not happened."""

import html
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from unicodedata import normalize

import pytest

from messages.commands import (
    ChangeEmail,
    ChangeUsername,
    Command,
    CreateCustomer,
    DeleteCustomer,
    SetCommand,
    UpdateProfile,
    UpdateUserProfile,
)
from tests.fakes.provider import FakeProvider
from tests.support.work_samples import USERNAME, commands_about_ada, create_command
from tests.unit.handlers.attempts import BEGUN, FIRST, LAST_LOOK, UNREMEMBERED
from tests.unit.handlers.handler_rig import HandlerRig
from worker.domain.ports import CustomerRow
from worker.domain.work import Attempt
from worker.errors import NotApplied, Rejected, Unprovable

ADA = commands_about_ada()
#: How the provider spells what it was sent.
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "trimmed": str.strip,
    "padded": lambda text: f" {text} ",
    "entities": lambda text: text.replace("&", "&amp;").replace("'", "&#39;"),
    "other entities": lambda text: text.replace("&", "&amp;").replace("'", "&#039;"),
    "NFC": lambda text: text.replace("e\u0308", "\u00eb"),
    "NFD": lambda text: text.replace("\u00eb", "e\u0308"),
    "lower case and entities": lambda text: html.escape(text.lower()),
    "lower case, NFC and XML's entities": lambda text: normalize("NFC", text).lower().replace("'", "&apos;"),
}
NAMES = {
    "first_name": "Zo\u00eb",
    "last_name": " O'Brien & Son ",
    "city": "Bro\u00ebk",
    "email": "Zoe.O'Brien@Example.com",
}


class Respelling(FakeProvider):
    """Lists everything as it spells it, and finds only what contains exactly what is asked for."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        super().__init__()
        self._spell = spell

    def find(self, username: str) -> CustomerRow | None:
        """Compare exactly."""
        return next((row for row in self.search({"username": username}) if row.username == username), None)

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Compare character by character."""
        for row in list(super().search({})):
            fields = {name: self._spell(text) for name, text in row.fields.items()}
            if all(value in fields.get(name, "") for name, value in filters.items()):
                yield CustomerRow({**fields, "active": row.fields["active"]})


@pytest.fixture(params=SPELLINGS)
def spell(request: pytest.FixtureRequest) -> Callable[[str], str]:
    return SPELLINGS[str(request.param)]


@pytest.fixture
def rig(spell: Callable[[str], str]) -> HandlerRig:
    return HandlerRig(provider=Respelling(spell))


@pytest.mark.parametrize(
    "username",
    [
        "ada@example.com",
        "Ada@Example.com",
        "zo\u00eb@example.com",
        "o'brien@example.com",
        "O'Brien@Example.com",
        "Zoe\u0308.O'Brien@Example.com",
    ],
)
@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK])
def test_our_own_create_is_known_in_every_spelling(rig: HandlerRig, attempt: Attempt, username: str) -> None:
    command = create_command(username=username, **NAMES)
    rig.provider.add(command)

    assert rig.end(command, attempt) == "already_applied"


def test_a_repeat_that_is_refused_finds_our_create_in_lower_case_and_with_entities() -> None:
    class Late(Respelling):
        """Applies the earlier create when the repeat comes."""

        def apply(self, command: Command) -> None:
            """Refuse it as taken, by that one."""
            if isinstance(command, CreateCustomer):
                self.add(command)
            super().apply(command)

    rig = HandlerRig(provider=Late(SPELLINGS["lower case and entities"]))

    assert rig.end(create_command(username="O'Brien@Example.com", **NAMES), BEGUN) == "already_applied"


def test_who_was_found_in_another_spelling_is_searched_for_in_no_further_one() -> None:
    rig = HandlerRig(provider=Respelling(str.lower))
    rig.provider.add(create_command(username="O'Brien@Example.com"))

    assert rig.end(create_command(username="O'Brien@Example.com"), LAST_LOOK) == "already_applied"
    assert len(rig.provider.calls) == len(["O'Brien@Example.com", "o'brien@example.com"])


@pytest.mark.parametrize("field", ["email", "first_name", "last_name", "city"])
def test_a_create_that_is_listed_with_any_other_text_is_for_a_person(rig: HandlerRig, field: str) -> None:
    command = create_command(**NAMES)
    rig.provider.add(command)
    rig.provider.customers[USERNAME].fields[field] = "another"

    assert rig.end(command, BEGUN) is Unprovable


@pytest.mark.parametrize("username", ["Ada@Example.com", "o'brien@example.com"])
def test_a_namesake_in_another_spelling_with_other_values_is_for_a_person(username: str) -> None:
    rig = HandlerRig(provider=Respelling(lambda text: text.lower().replace("'", "&#39;")))
    rig.provider.add(create_command(username=username, first_name="Eve", last_name="X", email="eve@example.com"))

    assert rig.end(create_command(username=username), BEGUN) is Unprovable


def test_nobody_s_create_is_adopted_by_who_remembers_nothing(rig: HandlerRig) -> None:
    rig.provider.add(create_command(**NAMES))

    assert rig.end(create_command(**NAMES), UNREMEMBERED) is Unprovable


def set_values(username: str) -> list[Command]:
    """Sets whose values the provider spells otherwise."""
    return [
        ChangeEmail(username=username, email="Zoe.O'Brien@Example.com"),
        UpdateProfile(username=username, first_name="Zo\u00eb", address="1 O'Connell St & Co "),
    ]


@pytest.mark.parametrize("command", set_values(USERNAME), ids=lambda command: type(command).__name__)
@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK])
def test_a_value_that_was_set_is_never_reported_as_not_set(
    rig: HandlerRig, spell: Callable[[str], str], attempt: Attempt, command: Command
) -> None:
    rig.provider.add(create_command())
    rig.provider.accounts.apply(command)
    rig.provider.fail_next(Rejected("not now"), type(command).__name__)

    # Where only the case differs, a name that was set looks like the one before it; an address is the same in any case.
    is_case = spell("A") == "a" and isinstance(command, UpdateProfile)
    assert rig.end(command, attempt) == (Unprovable if is_case else "already_applied")


@pytest.mark.parametrize("command", set_values(USERNAME), ids=lambda command: type(command).__name__)
def test_a_value_that_is_another_was_not_set(rig: HandlerRig, command: Command) -> None:
    rig.provider.add(create_command())

    assert rig.end(command, LAST_LOOK) is NotApplied


@pytest.mark.parametrize("new", ["New@Example.com", "zo\u00eb@example.com", "o'brien@example.com"])
def test_a_renaming_is_known_by_the_new_name_in_every_spelling(rig: HandlerRig, new: str) -> None:
    rename = ChangeUsername(username=USERNAME, new_username=new)
    rig.provider.add(create_command(**NAMES))
    rig.provider.lose_next_answer("ChangeUsername", applied=True)
    rig.end(rename, FIRST)
    note = rig.ledger.row(rig.token.key).history.note

    assert rig.end(rename, replace(BEGUN, note=note)) == "already_applied"
    assert rig.end(rename, replace(LAST_LOOK, note=note)) == "already_applied"


def test_a_renaming_into_another_spelling_of_the_same_name_is_reported_by_the_exact_names() -> None:
    rig = HandlerRig()
    rename = ChangeUsername(username="zoe\u0308@example.com", new_username="zo\u00eb@example.com")
    rig.provider.add(create_command(username=rename.username))
    rig.provider.lose_next_answer("ChangeUsername", applied=False)
    rig.end(rename, FIRST)
    note = rig.ledger.row(rig.token.key).history.note

    assert rig.end(rename, replace(LAST_LOOK, note=note)) is NotApplied


@pytest.mark.parametrize("username", ["Ada@Example.com", "zo\u00eb@example.com", "o'brien@example.com"])
def test_a_customer_that_is_listed_in_another_spelling_is_not_gone(rig: HandlerRig, username: str) -> None:
    about = {"username": username}
    rig.provider.add(create_command(**about))
    delete = type(ADA["DeleteCustomer"]).model_validate(about)
    rig.provider.fail_next(Rejected("not now"), "DeleteCustomer")

    assert rig.end(delete, replace(BEGUN, note="listed")) is Unprovable
    assert rig.end(delete, replace(LAST_LOOK, note="listed")) is Unprovable


@pytest.mark.parametrize("attempt", [FIRST, BEGUN])
def test_the_v3_target_may_be_given_in_another_spelling(attempt: Attempt) -> None:
    class NamingProvider(FakeProvider):
        """Reports names in its own spelling."""

        def acting_for(self, on_behalf_of: str) -> str:
            """In lower case, and with entities."""
            return super().acting_for(on_behalf_of).lower().replace("'", "&#39;")

    rig = HandlerRig(provider=NamingProvider())
    rig.provider.add(create_command(username="O'Brien@Example.com"))

    command = UpdateUserProfile(on_behalf_of="O'Brien@Example.com", city="Ulm")
    assert rig.end(command, attempt) == "applied"


class Nameless(FakeProvider):
    """Its list has an entry that names nobody, or somebody in characters that could not be read."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._name = name

    def search(self, filters: Mapping[str, str]) -> Iterator[CustomerRow]:
        """Put it first."""
        yield CustomerRow({"username": self._name, "id": "7"})
        yield from super().search(filters)


NAMELESS = pytest.mark.parametrize("name", ["", "Zo\N{REPLACEMENT CHARACTER}@example.com", "\N{REPLACEMENT CHARACTER}"])
#: What a look decides about, where it finds nobody.
LOOKED_FOR = [
    name for name, command in ADA.items() if isinstance(command, (SetCommand, CreateCustomer, DeleteCustomer))
]


@NAMELESS
@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK])
def test_a_row_that_names_nobody_hides_no_customer_and_proves_nobody_absent(attempt: Attempt, name: str) -> None:
    rig, command = HandlerRig(provider=Nameless(name)), ADA["CreateCustomer"]
    assert isinstance(command, CreateCustomer)
    with pytest.raises(Unprovable, match="an entry of that list names no customer"):
        rig.handle(command, attempt)
    assert rig.provider.changes == []

    rig.provider.add(command)

    assert rig.end(command, attempt) == "already_applied"


@NAMELESS
@pytest.mark.parametrize("kind", LOOKED_FOR)
def test_the_last_look_calls_nobody_absent_beside_a_row_that_names_nobody(kind: str, name: str) -> None:
    rig = HandlerRig(provider=Nameless(name))

    assert rig.end(ADA[kind], replace(LAST_LOOK, note="listed")) is Unprovable


@NAMELESS
def test_a_row_that_names_nobody_keeps_no_first_try_waiting(name: str) -> None:
    rig = HandlerRig(provider=Nameless(name))
    rig.provider.add(create_command())

    assert rig.end(ADA["DeleteCustomer"], FIRST) == "applied"
    gone_again = HandlerRig(provider=Nameless(name))
    assert gone_again.end(ADA["DeleteCustomer"], FIRST) is Rejected


@pytest.mark.parametrize("command", set_values(USERNAME), ids=lambda command: type(command).__name__)
def test_a_value_that_could_not_be_read_as_it_is_was_not_proven_unset(command: Command) -> None:
    rig = HandlerRig()
    rig.provider.accounts.apply(command)
    field = "email" if isinstance(command, ChangeEmail) else "first_name"
    rig.provider.customers[USERNAME].fields[field] = "Zo\N{REPLACEMENT CHARACTER}"

    assert rig.end(command, LAST_LOOK) is Unprovable
    rig.provider.fail_next(Rejected("not now"), type(command).__name__)
    assert rig.end(command, BEGUN) is Unprovable


@pytest.mark.parametrize("attempt", [BEGUN, LAST_LOOK, UNREMEMBERED])
def test_a_create_whose_values_could_not_be_read_as_they_are_may_be_ours(attempt: Attempt) -> None:
    rig, command = HandlerRig(), create_command(**NAMES)
    rig.provider.customers.clear()
    rig.provider.add(command)
    unread = dict.fromkeys(("email", "first_name", "last_name"), "Zo\N{REPLACEMENT CHARACTER}")
    rig.provider.customers[USERNAME].fields.update(unread)

    assert rig.end(command, attempt) is Unprovable

"""Names that come out the same every time, also after an upgrade."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.commands import ChangeUsername, Command, DisableCustomer, RetrieveCustomers, UpdateUserProfile
from messages.errors import CommandName
from tests.support.work_samples import PASSWORD, create, create_command, envelope_of, rotate, rotate_command
from worker.domain.identity import CommandKey, canonical, customer_of, dead_letter_id, event_id, lane_keys, refusal_id

KEY = CommandKey("billing", "evt_1001")
NAME = CommandName("billing", "evt_1001")
MARK = b"m" * 32

PARTS = st.tuples(st.text(min_size=1), st.text(min_size=1))


def test_the_id_of_an_event_is_the_same_for_ever() -> None:
    assert event_id(KEY, 0) == "178c7f47-ac9b-5374-9e26-1ab6e2f68404"
    assert event_id(KEY, 1) == "9eb5b746-18b9-5e17-98d1-05734aa0d5cd"


def test_the_id_of_a_dead_letter_is_the_same_for_ever() -> None:
    assert dead_letter_id(KEY, 0) == "1285bf10-80fc-59e9-af23-f808169c5257"


def test_the_ids_of_a_refusal_are_the_same_for_ever() -> None:
    assert refusal_id(NAME, MARK, "event") == "4654af2b-df0e-5773-8f8e-9da807b40cf3"
    assert refusal_id(NAME, MARK, "letter") == "3acdd7af-589e-5b80-8d89-545d811d7d57"
    assert refusal_id(None, MARK, "letter") == "ef85fce1-b585-5a6a-891d-c384b885819f"


def test_another_message_under_the_same_name_is_another_refusal() -> None:
    assert refusal_id(NAME, MARK, "event") != refusal_id(NAME, b"n" * 32, "event")


@settings(deadline=None, max_examples=60)
@given(PARTS, PARTS)
def test_no_two_commands_share_an_id(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = {event_id(CommandKey(*one), 0), event_id(CommandKey(*other), 0)}

    assert len(ids) == len({one, other})


def test_source_and_id_cannot_be_shifted_into_each_other() -> None:
    assert event_id(CommandKey("a", "bc"), 0) != event_id(CommandKey("ab", "c"), 0)
    assert event_id(CommandKey('a", "b', "c"), 0) != event_id(CommandKey("a", 'b", "c'), 0)


def test_a_command_stands_in_the_lanes_of_its_subject_and_of_its_customer() -> None:
    assert lane_keys(envelope_of(create())) == ("subject:cus_42", "customer:ada@example.com")


def test_lanes_are_compared_lower_cased() -> None:
    upper = envelope_of(create(subject="CUS_42", username="Ada@Example.COM"))

    assert lane_keys(upper) == lane_keys(envelope_of(create()))


def test_without_a_subject_the_customer_alone_is_the_lane() -> None:
    assert lane_keys(replace(envelope_of(create()), subject=None)) == ("customer:ada@example.com",)


def test_a_subject_is_not_mistaken_for_a_customer_of_that_name() -> None:
    same = replace(envelope_of(create()), subject="ada@example.com")

    assert lane_keys(same) == ("subject:ada@example.com", "customer:ada@example.com")


def lanes_of(data: Command, subject: str | None = None) -> tuple[str, ...]:
    """The lanes of a command with that data."""
    return lane_keys(replace(envelope_of(create()), subject=subject, data=data))


def test_a_change_of_username_stands_in_the_lanes_of_both_names() -> None:
    renaming = ChangeUsername(username="Ada@example.com", new_username="ada@Example.org")

    assert lanes_of(renaming) == ("customer:ada@example.com", "customer:ada@example.org")
    assert lanes_of(renaming, "cus_42")[0] == "subject:cus_42"


@pytest.mark.parametrize(
    ("whose", "lane"), [("Ada@example.com", "customer:ada@example.com"), ("account-id A7", "customer:account-id a7")]
)
def test_a_users_own_profile_stands_in_the_lane_of_that_user(whose: str, lane: str) -> None:
    assert lanes_of(UpdateUserProfile(on_behalf_of=whose, city="Paris")) == (lane,)


def test_a_search_stands_in_no_lane_whatever_it_names() -> None:
    assert lanes_of(RetrieveCustomers(username="ada@example.com"), "cus_42") == ()


def test_what_was_written_by_an_older_version_keeps_its_lane() -> None:
    odd = DisableCustomer(username="\N{LATIN SMALL LIGATURE FI}ona@example.com")

    assert lanes_of(odd, "C\u200dus_42") == (
        "subject:c\u200dus_42",
        "subject:cus_42",
        "customer:\N{LATIN SMALL LIGATURE FI}ona@example.com",
        "customer:fiona@example.com",
    )


@pytest.mark.parametrize(
    "one",
    [
        DisableCustomer(username="Zoe\u0308@example.com"),
        ChangeUsername(username="another", new_username="zo\u00eb\u200b@example.com"),
        ChangeUsername(username="ZOE\u0308@EXAMPLE.COM", new_username="another"),
    ],
)
def test_every_spelling_of_a_customer_shares_a_lane(one: Command) -> None:
    assert set(lanes_of(one)) & set(lanes_of(DisableCustomer(username="zo\u00eb@example.com")))


def test_every_spelling_of_a_subject_shares_a_lane() -> None:
    ada = DisableCustomer(username="ada@example.com")
    eve = DisableCustomer(username="eve@example.com")

    assert set(lanes_of(ada, " \uff23US_42")) & set(lanes_of(eve, "cus_42"))


def test_a_name_that_is_given_twice_is_one_lane() -> None:
    class Twice(DisableCustomer):
        """Says the same customer in two spellings."""

        def customers(self) -> tuple[str, ...]:
            return (self.username, self.username.upper())

    assert lanes_of(Twice(username="ada@example.com")) == ("customer:ada@example.com",)


def test_the_customer_of_a_command_is_the_first_it_names() -> None:
    assert customer_of(ChangeUsername(username="ada@example.com", new_username="ada@example.org")) == "ada@example.com"
    assert customer_of(UpdateUserProfile(on_behalf_of="account-id 7", city="Paris")) == "account-id 7"
    assert customer_of(RetrieveCustomers(username="ada@example.com")) is None


def test_content_is_the_same_in_whichever_order_it_was_written() -> None:
    command = create()
    turned = replace(command, data=dict(reversed(list(command.data.items()))))

    assert canonical(envelope_of(turned).data) == canonical(envelope_of(command).data)


def test_content_is_written_in_the_order_of_its_names() -> None:
    expected = b'{"credential_name":"mailer","new_credential_password":"pl4nted-p4ssw0rd","username":"ada@example.com"}'

    assert canonical(rotate_command()) == expected


def test_another_password_is_other_content() -> None:
    one, other = create_command(), create_command(password=PASSWORD + "!")

    assert canonical(one) != canonical(other)


def test_a_default_that_is_spelt_out_is_the_same_content() -> None:
    assert canonical(RetrieveCustomers(limit=100)) == canonical(RetrieveCustomers())


def test_null_is_the_same_content_as_nothing() -> None:
    spelt = UpdateUserProfile(on_behalf_of="ada@example.com", city="Paris", zip=None)

    assert canonical(spelt) == canonical(UpdateUserProfile(on_behalf_of="ada@example.com", city="Paris"))
    assert canonical(spelt) != canonical(UpdateUserProfile(on_behalf_of="ada@example.com", city="Paris", zip=""))


def test_a_day_is_written_as_it_was_sent() -> None:
    assert b'"billing_date":"2026-12-01"' in canonical(create_command(billing_date="2026-12-01"))


def test_a_field_that_was_not_given_is_no_content() -> None:
    assert b"billing_date" not in canonical(create_command())
    assert b"free_user" not in canonical(envelope_of(rotate()).data)

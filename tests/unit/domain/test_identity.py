"""Names that come out the same every time, also after an upgrade."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from messages.commands import Command
from messages.errors import CommandName
from tests.support.work_samples import PASSWORD, create, create_command, envelope_of, rotate, rotate_command
from worker.domain.claims import CommandKey
from worker.domain.identity import canonical, event_id, lane_keys, letter_id, refusal_id

KEY = CommandKey("billing", "evt_1001")
NAME = CommandName("billing", "evt_1001")

PARTS = st.tuples(st.text(min_size=1), st.text(min_size=1))


def test_the_id_of_an_event_is_the_same_for_ever() -> None:
    assert event_id(KEY, 0) == "178c7f47-ac9b-5374-9e26-1ab6e2f68404"
    assert event_id(KEY, 1) == "9eb5b746-18b9-5e17-98d1-05734aa0d5cd"


def test_the_id_of_a_letter_is_the_same_for_ever() -> None:
    assert letter_id(KEY, 0) == "1285bf10-80fc-59e9-af23-f808169c5257"


def test_the_ids_of_a_refusal_are_the_same_for_ever() -> None:
    assert refusal_id(NAME, b"{}", "event") == "17680e4c-2039-53c5-81f8-829600d6eb0c"
    assert refusal_id(NAME, b"{}", "letter") == "bd30c5e3-fa08-5178-8ef9-4369f2bae394"
    assert refusal_id(None, b"{}", "letter") == "7989fa8f-62b3-5933-85f3-44c18d7155f4"


def test_another_body_under_the_same_name_is_another_refusal() -> None:
    assert refusal_id(NAME, b"{}", "event") != refusal_id(NAME, b"{ }", "event")


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


class Renaming(Command):
    """Names the customer three times, as later commands do."""

    new_username: str
    on_behalf_of: str


def test_every_name_of_the_customer_is_a_lane_once() -> None:
    renaming = Renaming(username="ada@example.com", new_username="Ada@Example.com", on_behalf_of="account-id 7")

    lanes = lane_keys(replace(envelope_of(create()), subject=None, data=renaming))

    assert lanes == ("customer:ada@example.com", "customer:account-id 7")


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


def test_a_field_that_was_not_given_is_no_content() -> None:
    assert b"billing_date" not in canonical(create_command())
    assert b"free_user" not in canonical(envelope_of(rotate()).data)

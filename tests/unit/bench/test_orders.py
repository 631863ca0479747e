"""The benchmark's commands: every one of them must be valid, or nothing of use is measured."""

from collections import Counter

from bench.orders import BenchOrder, orders
from messages.envelope import Envelope, decode
from messages.forms import WireMessage

CONTENT_TYPE = "application/cloudevents+json"
IN_FLIGHT = 32


def read(order: BenchOrder) -> Envelope:
    return decode(WireMessage(order.body, content_type=CONTENT_TYPE))


def test_every_command_is_one_that_the_worker_knows() -> None:
    assert {read(order).type for order in orders(60)} == {
        "CreateCustomer",
        "DisableCustomer",
        "RotateCredential",
    }


def test_a_command_says_in_its_body_what_it_is_published_as() -> None:
    assert all((read(order).id, read(order).type) == (order.id, order.type) for order in orders(60))


def test_no_id_comes_twice() -> None:
    assert max(Counter(order.id for order in orders(500)).values()) == 1


def test_a_customer_is_signed_up_before_anything_else_happens_to_it() -> None:
    first: dict[str | None, str] = {}
    for envelope in map(read, orders(240)):
        first.setdefault(envelope.subject, envelope.type)
    assert set(first.values()) == {"CreateCustomer"}


def test_commands_of_one_customer_lie_within_what_is_in_flight_together() -> None:
    subjects = [read(order).subject for order in orders(120)]
    assert any(subject in subjects[at + 1 : at + IN_FLIGHT] for at, subject in enumerate(subjects))

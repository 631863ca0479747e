"""Whose answer it is: by number, many at once, returned before, or never."""

import math

from worker.broker.publish.confirms import ConfirmTracker, PendingPublish
from worker.broker.publish.failures import REFUSED
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import PublishFailed, Unpublishable


def pending(message_id: str = "m", body: bytes = b"{}", overdue_at: float = math.inf) -> PendingPublish:
    message = Outgoing(Destination.EVENTS, "key", body, Properties(message_id=message_id))
    return PendingPublish(message, "p.events", overdue_at)


def in_flight(count: int) -> tuple[ConfirmTracker, list[PendingPublish]]:
    confirms, publishes = ConfirmTracker(), [pending(str(number)) for number in range(count)]
    for each in publishes:
        confirms.sent(each)
    return confirms, publishes


def failures(publishes: list[PendingPublish]) -> list[str | None]:
    """Why each is not confirmed; None for one that is."""
    faults = [each.future.exception(0) for each in publishes]
    return [None if fault is None else str(fault).partition(" is not confirmed: ")[2] for fault in faults]


def settled(publishes: list[PendingPublish]) -> list[bool]:
    return [each.future.done() for each in publishes]


def test_numbers_begin_at_one() -> None:
    confirms, publishes = in_flight(2)

    confirms.answered(1, multiple=False, taken=True)

    assert settled(publishes) == [True, False]
    assert failures(publishes[:1]) == [None]


def test_multiple_settles_everything_up_to_its_number() -> None:
    confirms, publishes = in_flight(4)

    confirms.answered(3, multiple=True, taken=True)

    assert settled(publishes) == [True, True, True, False]
    assert len(confirms) == 1


def test_multiple_passes_over_what_was_settled_before() -> None:
    confirms, publishes = in_flight(3)
    confirms.answered(2, multiple=False, taken=False)

    confirms.answered(3, multiple=True, taken=True)

    assert failures(publishes) == [None, REFUSED, None]


def test_an_answer_nobody_waits_for_is_passed_over() -> None:
    confirms, _publishes = in_flight(1)

    confirms.answered(7, multiple=False, taken=True)

    assert len(confirms) == 1


def test_a_returned_message_has_failed_though_it_is_acked() -> None:
    confirms, publishes = in_flight(2)
    confirms.returned(confirms.find("p.events", "key", "1", b"{}"), "returned")

    confirms.answered(2, multiple=True, taken=True)

    assert failures(publishes) == [None, "returned"]


def test_two_messages_of_one_id_are_distinguished_by_their_bodies() -> None:
    confirms, first, second = ConfirmTracker(), pending(body=b"1"), pending(body=b"2")
    confirms.sent(first)
    confirms.sent(second)

    assert confirms.find("p.events", "key", "m", b"2") is second


def test_the_same_message_returned_twice_marks_both() -> None:
    confirms, publishes = ConfirmTracker(), [pending(), pending()]
    for each in publishes:
        confirms.sent(each)
        confirms.returned(confirms.find("p.events", "key", "m", b"{}"), "returned")

    assert [each.returned for each in publishes] == ["returned", "returned"]


def test_a_return_that_matches_nothing_puts_all_in_doubt() -> None:
    confirms, publishes = in_flight(2)

    confirms.returned(confirms.find("p.events", "key", "unknown", b"{}"), "returned")
    confirms.answered(2, multiple=True, taken=True)

    assert failures(publishes) == ["returned", "returned"]


def test_with_the_channel_all_are_lost_and_numbers_begin_at_one_again() -> None:
    confirms, publishes = in_flight(2)

    confirms.lost("gone")
    later = pending()
    confirms.sent(later)
    confirms.answered(1, multiple=False, taken=True)

    assert failures(publishes) == ["gone", "gone"]
    assert settled([later]) == [True]


def test_the_oldest_message_decides_whether_answers_are_overdue() -> None:
    confirms = ConfirmTracker()
    assert not confirms.overdue(now=100.0)

    confirms.sent(pending(overdue_at=50.0))
    confirms.sent(pending(overdue_at=10.0))

    assert not confirms.overdue(now=49.0)
    assert confirms.overdue(now=51.0)


def test_what_nobody_could_read_gets_more_time_and_never_less() -> None:
    confirms = ConfirmTracker()
    confirms.sent(pending(overdue_at=10.0))
    confirms.wait_anew(until=50.0)
    assert not confirms.overdue(now=49.0)

    confirms.wait_anew(until=20.0)

    assert not confirms.overdue(now=49.0)
    assert confirms.overdue(now=51.0)


def test_only_those_larger_than_the_limit_are_refused_for_good() -> None:
    confirms, publishes = ConfirmTracker(), [pending("small", b"1234"), pending("large", b"12345")]
    for each in publishes:
        confirms.sent(each)

    confirms.refuse_larger(4, "too large")
    confirms.lost("the channel was closed")

    small, large = (each.future.exception(0) for each in publishes)
    assert (type(small), type(large)) == (PublishFailed, Unpublishable)
    assert str(large).endswith("too large")


def test_what_is_overdue_fails_though_its_answer_may_still_come() -> None:
    confirms, publishes = ConfirmTracker(), [pending("late", overdue_at=10.0), pending("early", overdue_at=50.0)]
    for each in publishes:
        confirms.sent(each)

    confirms.expire(20.0, "no answer")
    confirms.answered(2, multiple=True, taken=True)

    assert failures(publishes) == ["no answer", None]
    assert len(confirms) == 0


def test_a_pending_publish_is_answered_once_and_its_failure_names_it() -> None:
    refused, failed, confirmed = pending("a"), pending("b"), pending("c")

    refused.refuse("too large")
    failed.settle("returned")
    confirmed.settle(None)
    confirmed.settle("late news")

    assert isinstance(refused.future.exception(0), Unpublishable)
    assert str(failed.future.exception(0)) == "message b for p.events is not confirmed: returned"
    assert confirmed.future.exception(0) is None

"""Each way in which a message is not taken says what to do about it."""

import pytest

from worker.broker.publish import failures


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (failures.REFUSED, ("full", "raise its limit")),
        (failures.returned("NO_ROUTE"), ("the broker returned it: NO_ROUTE", "topology apply")),
        (failures.blocked("low on memory"), ("(low on memory)", "give it memory,")),
        (failures.blocked("low on disk"), ("(low on disk)", "give it disk space,")),
        (failures.blocked("low on memory & disk"), ("give it memory and disk space,",)),
        (failures.blocked("tired"), ("(tired)", "memory or disk space")),
        (failures.oversized(1024), ("larger than the 1024 bytes", "max_message_size")),
        (failures.overheaded(9000, 8192), ("headers take 9000 bytes", "takes 8192", "frame_max")),
        (failures.unanswered(30.0), ("no answer within 30 s", "leader")),
        (failures.unconnected("404 NOT_FOUND"), ("404 NOT_FOUND", "tried again", "provisioning-worker doctor")),
    ],
)
def test_the_words_name_the_trouble_and_the_next_step(reason: str, words: tuple[str, ...]) -> None:
    assert all(word in reason for word in words), reason


@pytest.mark.parametrize(
    ("reason", "limit"),
    [
        ("PRECONDITION_FAILED - message size 20 is larger than configured max size 10", 10),
        ("PRECONDITION_FAILED - message size 536870913 is larger than max size 536870912", 536_870_912),
        ("PRECONDITION_FAILED - unknown delivery tag 7", None),
        ("NOT_FOUND - no exchange 'message size'", None),
    ],
)
def test_the_brokers_limit_is_read_from_its_words(reason: str, limit: int | None) -> None:
    assert failures.size_limit(reason) == limit

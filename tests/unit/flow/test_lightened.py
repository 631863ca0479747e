"""A letter that cannot be told with the headers it came with is told without them."""

import pytest

from tests.fakes.broker import FakePublisher
from worker.domain.deliveries import Destination, Outgoing, Properties
from worker.errors import PublishFailed, Unpublishable
from worker.flow.lightened import Lightened

OWN = {"provisioning-reason": "invalid"}
LETTER = Outgoing(Destination.DEAD_LETTERS, "invalid", b"{}", Properties(headers={**OWN, "theirs": "t"}))
EVENT = Outgoing(Destination.EVENTS, "k", b"{}", Properties(headers={"theirs": "t"}))


class Choosy(FakePublisher):
    """Can never take a message with a stranger's headers."""

    def publish(self, message: Outgoing) -> None:
        """Take it, or raise Unpublishable."""
        if "theirs" in message.properties.headers:
            raise Unpublishable("too many headers")
        super().publish(message)


@pytest.fixture
def choosy() -> Choosy:
    return Choosy()


def test_a_letter_goes_without_its_original_headers_and_says_so(choosy: Choosy) -> None:
    Lightened(choosy).publish(LETTER)

    (told,) = choosy.published
    note = told.properties.headers["provisioning-note"]
    assert told.properties.headers == {**OWN, "provisioning-note": note}
    assert "too many headers" in str(note)
    assert told.body == LETTER.body


def test_an_event_is_never_changed(choosy: Choosy) -> None:
    with pytest.raises(Unpublishable, match="too many headers"):
        Lightened(choosy).publish(EVENT)


def test_a_letter_that_is_too_large_all_the_same_fails_for_good() -> None:
    publisher = FakePublisher()
    publisher.largest_body = 1

    with pytest.raises(Unpublishable):
        Lightened(publisher).publish(LETTER)


def test_a_letter_is_not_lightened_because_the_broker_is_away() -> None:
    publisher = FakePublisher()
    publisher.fail_next()

    with pytest.raises(PublishFailed):
        Lightened(publisher).publish(LETTER)
    Lightened(publisher).publish(LETTER)

    assert [message.properties.headers for message in publisher.published] == [LETTER.properties.headers]

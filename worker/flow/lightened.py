"""Tells a letter without the headers it came with when the broker can never take it with them."""

from worker.domain import letters
from worker.domain.deliveries import Outgoing
from worker.domain.ports import EventPublisher
from worker.errors import Unpublishable


class Lightened:
    """An `EventPublisher` around one that may refuse a message for what it is made of.

    A letter's own headers are all bounded, and the body is what must not be lost; the headers of a stranger are what
    can be left out. A note among the letter's headers says that they were, and why.
    """

    def __init__(self, publisher: EventPublisher) -> None:
        self._publisher = publisher

    def publish(self, message: Outgoing) -> None:
        """Return once the broker has confirmed it; raise PublishFailed, or Unpublishable when it can never take it."""
        try:
            self._publisher.publish(message)
        except Unpublishable as fault:
            lighter = letters.bare(message, str(fault))
            if lighter is None:
                raise
            self._publisher.publish(lighter)

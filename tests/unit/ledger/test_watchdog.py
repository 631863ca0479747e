"""The look from outside at a writer that waits for its database."""

import pytest

from worker.ledger.write.connection import WriterProgress
from worker.ledger.write.watchdog import Watchdog

SILENCE = "The ledger books does not answer: a commit has waited for more than 5 s."


class Waiting:
    """A writer, as far as it is looked at; it listens to its own outages."""

    name = "books"

    def __init__(self) -> None:
        self.progress = WriterProgress()
        self.reports: list[str] = []
        self.broken_off = 0

    def on_outage(self, detail: str) -> None:
        """Keep it."""
        self.reports.append(detail)

    def break_off(self) -> None:
        """Count it."""
        self.broken_off += 1


@pytest.fixture
def writer() -> Waiting:
    return Waiting()


@pytest.fixture
def watchdog(writer: Waiting) -> Watchdog:
    return Watchdog(writer)


def look(watchdog: Watchdog, times: int) -> None:
    for _ in range(times):
        watchdog.look()


def test_a_writer_with_nothing_to_do_is_not_worth_a_word(writer: Waiting, watchdog: Watchdog) -> None:
    look(watchdog, 100)

    assert writer.reports == []


def test_a_commit_that_is_not_answered_is_reported_at_each_look_from_the_fifth_on(
    writer: Waiting, watchdog: Watchdog
) -> None:
    writer.progress.begin()
    look(watchdog, 4)
    assert writer.reports == []

    look(watchdog, 3)
    assert writer.reports == [SILENCE] * 3


def test_a_writer_that_is_always_at_it_and_gets_on_is_well(writer: Waiting, watchdog: Watchdog) -> None:
    for _ in range(100):
        writer.progress.begin()
        writer.progress.settle()
        writer.progress.begin()
        watchdog.look()

    assert (writer.reports, writer.broken_off) == ([], 0)


def test_a_commit_that_is_answered_late_ends_it(writer: Waiting, watchdog: Watchdog) -> None:
    writer.progress.begin()
    look(watchdog, 6)
    writer.progress.settle()
    look(watchdog, 10)
    writer.progress.begin()
    look(watchdog, 4)

    assert len(writer.reports) == 2


def test_it_is_reported_without_a_gap_while_one_attempt_follows_the_other(writer: Waiting, watchdog: Watchdog) -> None:
    for _ in range(10):
        writer.progress.begin()
        look(watchdog, 2)

    assert len(writer.reports) == 2 * 10 - 4
    assert writer.broken_off == 0


def test_what_the_writer_knows_itself_is_reported_rather_than_a_guess(writer: Waiting, watchdog: Watchdog) -> None:
    writer.progress.begin()
    writer.progress.trouble = "connection refused"
    look(watchdog, 5)

    assert writer.reports == ["connection refused"]


def test_one_that_is_never_answered_is_broken_off_and_so_is_the_next(writer: Waiting, watchdog: Watchdog) -> None:
    writer.progress.begin()
    look(watchdog, 20)
    assert writer.broken_off == 0
    look(watchdog, 1)
    assert writer.broken_off == 1

    writer.progress.begin()
    look(watchdog, 20)
    assert writer.broken_off == 1
    look(watchdog, 1)
    assert writer.broken_off == 2

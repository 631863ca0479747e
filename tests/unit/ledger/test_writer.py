"""The writer's thread, with a stand-in for the database."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from worker.errors import LedgerError, LedgerUnavailable
from worker.ledger.operations.transaction import Unit
from worker.ledger.write.writer import AnyTicket, Inbox, Ticket, Writer, wait_for

PATIENCE = 60.0


def echo(_: Unit, items: Sequence[str]) -> Sequence[str]:
    return items


class Echo:
    """Answers with what was asked; stops at a gate first, and dies when it is asked to."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate, self.entered = Event(), Event()
        self.gate.set()
        self.has_left = False
        self.dies_of: BaseException | None = None
        self.away = False
        self.looked = Event()

    def settle(self, batch: Sequence[AnyTicket]) -> None:
        """Note the batch, wait at the gate, answer."""
        if not batch:
            self.looked.set()
            return
        self.batches.append([ticket.item for ticket in batch])
        self.entered.set()
        assert self.gate.wait(PATIENCE)
        if self.dies_of is not None:
            raise self.dies_of
        for ticket in batch:
            ticket.answer(ticket.item)

    def leave(self) -> None:
        """Note the goodbye."""
        self.has_left = True


@pytest.fixture
def commits() -> Echo:
    return Echo()


@pytest.fixture
def writer(commits: Echo) -> Iterator[Writer]:
    writer = Writer(commits, tick_seconds=0.01)
    writer.start()
    yield writer
    commits.gate.set()
    writer.stop(PATIENCE)


def call(writer: Writer, item: str, key: tuple[str, str] | None = None) -> str:
    return wait_for(writer.submit(echo, item, key), PATIENCE)


def hold_first(writer: Writer, commits: Echo, *others: tuple[str, tuple[str, str] | None]) -> list[Thread]:
    """Keep the writer at a first commit until all the others have come."""
    commits.gate.clear()
    threads = [Thread(target=call, args=(writer, "first"))]
    threads[0].start()
    assert commits.entered.wait(PATIENCE)
    for item, key in others:
        threads.append(Thread(target=call, args=(writer, item, key)))
        expected = writer._inbox._queue.qsize() + 1
        threads[-1].start()
        while writer._inbox._queue.qsize() < expected:
            Event().wait(0.001)
    return threads


def test_every_caller_gets_its_own_answer(writer: Writer) -> None:
    items = [f"item-{number}" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(lambda item: call(writer, item), items)) == items


def test_what_comes_during_a_commit_shares_the_next_one(writer: Writer, commits: Echo) -> None:
    threads = hold_first(writer, commits, ("a", None), ("b", ("s", "1")), ("c", ("s", "2")))
    commits.gate.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert commits.batches == [["first"], ["a", "b", "c"]]


def test_no_batch_holds_a_key_twice_and_each_key_keeps_its_order(writer: Writer, commits: Echo) -> None:
    key = ("billing", "evt_1")
    threads = hold_first(writer, commits, ("a1", key), ("b", ("billing", "evt_2")), ("a2", key), ("a3", key))
    commits.gate.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert commits.batches == [["first"], ["a1", "b"], ["a2"], ["a3"]]


def test_a_caller_the_writer_never_came_to_gives_up_and_nothing_is_done(writer: Writer, commits: Echo) -> None:
    threads = hold_first(writer, commits)
    with pytest.raises(LedgerUnavailable, match="nothing was written"):
        wait_for(writer.submit(echo, "late", None), 0.01)
    commits.gate.set()
    threads[0].join(PATIENCE)
    call(writer, "next")

    assert "late" not in [item for batch in commits.batches for item in batch]


def test_a_commit_that_hangs_lets_its_caller_go_in_the_end(writer: Writer, commits: Echo) -> None:
    commits.gate.clear()

    with pytest.raises(LedgerUnavailable, match="may yet end well"):
        wait_for(writer.submit(echo, "hanging", None), 0.05)


def test_closing_answers_what_has_come_before_it(writer: Writer, commits: Echo) -> None:
    threads = hold_first(writer, commits, ("last", None))
    closing = Thread(target=writer.stop, args=(PATIENCE,))
    closing.start()
    commits.gate.set()
    for thread in [*threads, closing]:
        thread.join(PATIENCE)

    assert commits.batches == [["first"], ["last"]]
    assert commits.has_left


def test_an_answer_that_was_taken_up_is_not_turned_into_a_refusal_afterwards() -> None:
    ticket: Ticket[str, str] = Ticket(echo, "last", None)
    ticket.answer("last")
    assert wait_for(ticket.future, PATIENCE) == "last"

    assert not ticket.is_open


def test_a_database_that_is_away_is_looked_for_though_nobody_asks_and_the_lease_runs(
    commits: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.write.writer._AWAY_TICK_SECONDS", 0.01)
    commits.away = True
    writer = Writer(commits, tick_seconds=60.0)
    writer.start()

    assert commits.looked.wait(PATIENCE)
    assert writer.stop(PATIENCE)


def test_a_closed_writer_turns_callers_away(writer: Writer) -> None:
    writer.stop(PATIENCE)

    assert not writer.alive
    with pytest.raises(LedgerUnavailable, match="closed"):
        call(writer, "late")


def test_closing_twice_is_fine(writer: Writer) -> None:
    assert writer.stop(PATIENCE)
    assert writer.stop(PATIENCE)


def test_closing_is_bounded_when_the_commit_hangs(writer: Writer, commits: Echo) -> None:
    hold_first(writer, commits)

    assert not writer.stop(0.01)


def test_a_writer_that_dies_is_seen_and_fails_its_caller(writer: Writer, commits: Echo) -> None:
    commits.dies_of = SystemExit("out of luck")

    with pytest.raises(LedgerUnavailable, match="out of luck"):
        call(writer, "unlucky")
    writer._thread.join(PATIENCE)
    assert not writer.alive


def test_a_writer_that_died_fails_whoever_waits_and_whoever_comes_later(writer: Writer, commits: Echo) -> None:
    commits.dies_of = SystemExit()
    commits.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(call, writer, item) for item in ("a", "b")]
        assert commits.entered.wait(PATIENCE)
        commits.gate.set()
        assert all(isinstance(each.exception(PATIENCE), LedgerUnavailable) for each in waiting)
    with pytest.raises(LedgerUnavailable, match="writer has ended"):
        call(writer, "late")


def test_what_is_called_when_the_writer_has_died_may_ask_again(writer: Writer, commits: Echo) -> None:
    commits.dies_of = SystemExit()
    commits.gate.clear()
    again: list[Exception | None] = []
    first = writer.submit(echo, "a", None)
    assert commits.entered.wait(PATIENCE)
    first.add_done_callback(lambda _: again.append(writer.submit(echo, "b", None).exception(PATIENCE)))  # type: ignore[arg-type]
    commits.gate.set()
    writer._thread.join(PATIENCE)

    assert isinstance(again[0], LedgerUnavailable)


def test_an_error_among_the_answers_is_raised_to_its_caller() -> None:
    ticket = Ticket(echo, "item", None)
    ticket.answer(LedgerError("no"))

    with pytest.raises(LedgerError, match="no"):
        wait_for(ticket.future, PATIENCE)


def test_an_empty_inbox_gives_up_after_its_time() -> None:
    assert Inbox().take(0.001) == []


def test_an_inbox_gives_no_more_than_its_limit_at_once() -> None:
    inbox = Inbox()
    for number in range(501):
        inbox.put(Ticket(echo, str(number), None))

    assert [len(inbox.take(0)), len(inbox.take(0))] == [500, 1]
    assert inbox.is_empty()

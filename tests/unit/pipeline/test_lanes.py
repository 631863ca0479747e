"""Lanes: never two of one customer at once, each customer in order, and everybody gets there."""

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st

from messages.errors import Undecodable
from tests.support.work_samples import delivery
from worker.domain.work import Work
from worker.pipeline.job import Job
from worker.pipeline.scheduling.run_queue import Lanes

KEYS = st.lists(st.sampled_from("abcde"), max_size=3, unique=True).map(tuple)


def job(*lanes: str) -> Job:
    return Job(Work(delivery(b""), Undecodable(["no JSON"]), lanes))


def clash(one: Job, other: Job) -> bool:
    return bool(set(one.work.lanes) & set(other.work.lanes))


class Day:
    """Jobs come and go in any order; what may not happen is asserted at once."""

    def __init__(self) -> None:
        self.lanes = Lanes()
        self.running: list[Job] = []
        self.came: list[Job] = []
        self.began: list[Job] = []

    def come(self, newcomer: Job) -> None:
        self.came.append(newcomer)
        if self.lanes.enter(newcomer):
            self._begin(newcomer)

    def finish(self, number: int) -> None:
        if self.running:
            done = self.running.pop(number % len(self.running))
            for freed in self.lanes.leave(done):
                self._begin(freed)

    def _begin(self, beginner: Job) -> None:
        assert beginner not in self.began
        assert not [other for other in self.running if clash(beginner, other)]
        earlier = self.came[: self.came.index(beginner)]
        assert not [other for other in earlier if clash(beginner, other) and other not in self.began]
        self.running.append(beginner)
        self.began.append(beginner)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.one_of(KEYS, st.integers(0, 9)), max_size=40))
def test_a_customer_is_served_in_order_and_never_twice_at_once(day: list[tuple[str, ...] | int]) -> None:
    lived = Day()
    for step in day:
        if isinstance(step, int):
            lived.finish(step)
        else:
            lived.come(job(*step))
    while lived.running:
        lived.finish(0)

    assert len(lived.began) == len(lived.came)
    assert not lived.lanes._queues


@settings(deadline=None, max_examples=60)
@given(st.lists(KEYS, min_size=1, max_size=20), st.integers(0, 20))
def test_what_still_runs_keeps_its_place_in_front_of_what_comes_again(keys: list[tuple[str, ...]], cut: int) -> None:
    lived = Day()
    for lanes in keys:
        lived.come(job(*lanes))
    running = deque(lived.running[:cut])
    lived.lanes.rebuild(running)

    newcomers = [job(*lanes) for lanes in keys]
    free = [newcomer for newcomer in newcomers if lived.lanes.enter(newcomer)]

    assert not [newcomer for newcomer in free for other in running if clash(newcomer, other)]
    while running:
        free += lived.lanes.leave(running.popleft())
    while free:
        free += lived.lanes.leave(free.pop())
    assert not lived.lanes._queues


def test_a_job_without_lanes_waits_for_nobody() -> None:
    lanes = Lanes()

    assert lanes.enter(job())
    assert lanes.enter(job())


def test_a_job_waits_until_it_is_first_in_all_of_its_lanes() -> None:
    lanes, subject, customer, both = (
        Lanes(),
        job("subject:1"),
        job("customer:a"),
        job("subject:1", "customer:a"),
    )
    lanes.enter(subject)
    lanes.enter(customer)

    assert not lanes.enter(both)
    assert lanes.leave(customer) == []
    assert lanes.leave(subject) == [both]


def test_nobody_overtakes_a_job_that_waits_in_another_lane() -> None:
    lanes, first, both, late = Lanes(), job("a"), job("a", "b"), job("b")
    lanes.enter(first)
    lanes.enter(both)

    assert not lanes.enter(late)
    assert lanes.leave(first) == [both]
    assert lanes.leave(both) == [late]


def test_a_job_that_leaves_behind_another_lets_nobody_pass_that_one() -> None:
    lanes, first, ended, late = Lanes(), job("a"), job("a"), job("a")
    for each in (first, ended, late):
        lanes.enter(each)

    assert lanes.leave(ended) == []
    assert lanes.leave(first) == [late]

"""Parking keeps every customer's order, whatever happens between its steps."""

import random
from collections.abc import Callable

import pytest

from messages.errors import Undecodable
from tests.support.commands import update_user_profile
from tests.support.work_samples import delivery, work_of
from tests.unit.pipeline.parking_day import SLOTS, WINDOW, Day
from worker.domain.work import Parked, Quarantine, Settled, Wait, Work
from worker.errors import ProviderLogin
from worker.pipeline.job import Job
from worker.pipeline.scheduling.scheduler import Backlog, Scheduler

STEPS: dict[str, tuple[int, Callable[[Day, int], None]]] = {
    "deliver": (8, lambda day, _: day.deliver()),
    "start": (3, lambda day, _: day.start()),
    "settle": (2, lambda day, number: day.finish(number, fails=False)),
    "fail": (4, lambda day, number: day.finish(number, fails=True)),
    "keep": (2, lambda day, number: day.keep(number)),
    "publish": (1, lambda day, number: day.publish(number)),
    "wake": (2, lambda day, number: day.wake(number)),
    "commit": (6, lambda day, _: day.commit()),
    "acknowledge": (3, lambda day, _: day.acknowledge()),
    "lose": (2, lambda day, _: day.lose()),
    "crash": (1, lambda day, _: day.crash()),
    "rest": (1, lambda day, _: day.rest()),
    "release": (1, lambda day, _: day.release()),
}
DAYS_PER_SEED, STEPS_PER_DAY = 60, 200


def a_day(dice: random.Random) -> Day:
    """Few customers, most of the commands for the same one, some for two at once, some for none."""
    return Day([tuple(dict.fromkeys(dice.choices("aaabc", k=dice.choice([0, 1, 1, 1, 2])))) for _ in range(20)])


@pytest.mark.parametrize("seed", range(8))
def test_no_command_overtakes_an_earlier_one_of_its_customer_and_all_come_to_their_end(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same days each time
    weights, steps = zip(*STEPS.values(), strict=True)
    for _ in range(DAYS_PER_SEED):
        day = a_day(dice)
        for step in dice.choices(steps, weights, k=STEPS_PER_DAY):
            step(day, dice.randrange(6))
        day.end()

        assert sorted(day.done) == list(range(len(day.lanes)))
        assert (day.parked, day.unacked, day.ready) == ({}, {}, [])
        assert (day.scheduler.waiting, day.scheduler.parked) == (0, 0)


@pytest.mark.parametrize("seed", range(4))
def test_no_command_is_parked_in_front_of_an_earlier_one_that_the_ledger_cannot_hold(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same days each time
    weights, steps = zip(*STEPS.values(), strict=True)
    for _ in range(DAYS_PER_SEED):
        day = a_day(dice)
        day.odd = frozenset(dice.sample(range(len(day.lanes)), 4))
        for step in dice.choices(steps, weights, k=STEPS_PER_DAY):
            step(day, dice.randrange(6))
            assert not day.odd & set(day.parked.values())
        day.end()

        assert sorted(day.done) == list(range(len(day.lanes)))


def test_what_stands_behind_one_that_stands_behind_it_is_not_parked_either() -> None:
    day = Day([("a",), ("a", "b"), ("b",), ("c",)], odd=frozenset({0}))
    for _ in range(WINDOW):
        day.deliver()
    for _ in range(2):
        day.start()
        day.finish(0, fails=True)
    day.commit()
    assert day.committed is None

    day.commit()
    day.acknowledge()

    assert list(day.parked.values()) == [3]


def test_what_is_taken_over_runs_before_what_was_parked_later() -> None:
    day = Day([("a",)] * 8)
    for _ in range(WINDOW):
        day.deliver()
    day.start()
    day.finish(0, fails=True)
    day.commit()
    day.acknowledge()
    # Another process had parked the first two, and is found dead only now.
    late = {position - 100: command for position, command in list(day.parked.items())[:2]}
    day.parked = late | day.parked
    day.scheduler.adopt([Parked(position, ("a",), ProviderLogin.V2) for position in late])

    turn = day.scheduler.queue.next()

    assert isinstance(turn, Job)
    assert turn.work == Parked(min(late), ("a",), ProviderLogin.V2)


def test_a_command_whose_connection_is_lost_while_it_is_parked_and_runs_goes_on_from_the_ledger() -> None:
    day = Day([("a",)] * WINDOW)
    for _ in range(WINDOW):
        day.deliver()
    day.start()
    day.commit()
    day.lose()
    day.acknowledge()
    day.finish(0, fails=True)

    assert [job.work for job in day.waiting] == [Parked(min(day.parked), ("a",), ProviderLogin.V2)]
    assert day.scheduler.parked == WINDOW


def test_a_follower_that_waits_for_its_time_is_not_started_when_its_lane_is_free() -> None:
    day = Day([("a",)] * WINDOW)
    day.deliver()
    day.start()
    day.finish(0, fails=True)
    day.parked = {1: 0}
    day.scheduler.adopt([Parked(1, ("a",), ProviderLogin.V2)])
    day.start()
    day.finish(0, fails=False)

    assert day.scheduler.queue.next() is None
    day.wake(0)
    assert day.scheduler.queue.next() is not None


def test_nothing_is_parked_while_threads_are_busy_or_the_window_has_room_or_the_provider_is_paused() -> None:
    def full() -> Day:
        day = Day([("a",)] * WINDOW)
        for _ in range(WINDOW):
            day.deliver()
        day.start()
        return day

    assert full().scheduler.backlog(WINDOW, 0.0) is not None
    assert full().scheduler.backlog(2 * WINDOW, 0.0) is None
    paused = full()
    paused.scheduler.queue.limits[ProviderLogin.V2] = 0
    assert paused.scheduler.backlog(WINDOW, 0.0) is None
    busy = Day([("a",), ("b",), ("b",), ("b",)])
    for _ in range(WINDOW):
        busy.deliver()
        busy.start()
    assert busy.scheduler.backlog(WINDOW, 0.0) is None
    unread = full()
    unread.scheduler.queue.unread.append(delivery(b""))
    assert unread.scheduler.backlog(WINDOW, 0.0) is None


def test_what_waits_for_the_other_login_is_parked_and_what_could_run_is_not_passed_over() -> None:
    scheduler = Scheduler(SLOTS)
    scheduler.queue.limits[ProviderLogin.V3] = 0
    for tag in range(1, WINDOW):
        waits = work_of(update_user_profile(f"{tag}@example.com", {"city": "Ulm"}), tag=tag)
        scheduler.enter(waits.delivery.receipt, Job(waits))
    assert scheduler.backlog(WINDOW - 1, 0.0) is not None
    came = delivery(b"", tag=WINDOW)
    scheduler.enter(came.receipt, Job(Work(came, Undecodable([]), ("free",))))
    assert scheduler.backlog(WINDOW, 0.0) is None


def test_a_window_of_slow_calls_is_parked_when_it_has_not_moved_for_long_and_a_thread_is_idle() -> None:
    slow = Day([("a",), ("b",), ("a",), ("b",)])
    for _ in range(WINDOW):
        slow.deliver()
        slow.start()

    assert slow.scheduler.backlog(WINDOW, 1.0) is None
    assert slow.scheduler.backlog(WINDOW, 10.0) is not None
    for _ in range(SLOTS):
        slow.scheduler.queue.running.add(Job(Parked(99, (), ProviderLogin.V2)))
    assert slow.scheduler.backlog(WINDOW, 10.0) is None


@pytest.mark.parametrize("window", [1, 2])
def test_a_small_window_of_which_all_runs_is_not_parked(window: int) -> None:
    day = Day([("a",), ("b",)])
    for _ in range(window):
        day.deliver()
        day.start()

    assert day.scheduler.backlog(window, 10.0) is None


def test_what_is_given_up_waits_no_more_and_what_runs_ends() -> None:
    day = Day([("a",)] * WINDOW)
    for _ in range(WINDOW):
        day.deliver()
    day.start()
    day.commit()
    day.acknowledge()

    assert len(day.scheduler.release()) == WINDOW - 1
    assert day.scheduler.parked == 1
    day.finish(0, fails=True)
    assert day.scheduler.release() == [min(day.parked)]
    day.wake(0)
    assert day.scheduler.queue.next() is None


def test_parked_commands_of_one_login_take_turns_with_what_is_ready_for_the_other() -> None:
    scheduler = Scheduler(1)
    scheduler.adopt([Parked(number, (f"customer:{number}",), ProviderLogin.V3) for number in range(3)])
    came = delivery(b"")
    scheduler.enter(came.receipt, Job(Work(came, Undecodable([]), ("free",))))
    scheduler.adopt([Parked(9, ("customer:9",), ProviderLogin.V3)])
    began = []
    while isinstance(job := scheduler.queue.next(), Job):
        began.append(job.work)
        scheduler.ended(job, Settled(job.work.position if isinstance(job.work, Parked) else None))

    assert isinstance(began[-1], Work)


def test_whoever_is_to_run_first_of_all_does_not_wait_behind_what_nobody_may_run_before() -> None:
    scheduler = Scheduler(SLOTS)
    came = delivery(b"")
    suspect = Job(Work(came, Undecodable([]), ("a",)), quarantined=True)
    scheduler.enter(came.receipt, suspect)
    assert scheduler.queue.next() is suspect
    scheduler.ended(suspect, Wait(0.0, quarantined=True))
    scheduler.adopt([Parked(1, ("a",), ProviderLogin.V2)])

    first = scheduler.queue.next()

    assert isinstance(first, Job)
    assert isinstance(first.work, Parked)


def test_a_portion_holds_so_many_commands_or_bytes_and_one_that_is_larger_stands_alone() -> None:
    works = [Work(delivery(b"x" * size, tag=tag), Undecodable([]), ()) for tag, size in enumerate([1, 1, 1, 9, 1, 1])]
    backlog = Backlog(tuple(Job(work) for work in works), tuple(works))

    cut = [[len(work.delivery.body) for work in portion.works] for portion in backlog.portions(2, 5)]

    assert cut == [[1, 1], [1], [9], [1, 1]]


def test_of_those_that_must_be_alone_the_least_suspicious_goes_first() -> None:
    scheduler = Scheduler(SLOTS)
    for tag, crashes in enumerate([2, 0, 1]):
        came = delivery(b"", tag=tag)
        scheduler.enter(came.receipt, Job(Work(came, Undecodable([]), (f"customer:{crashes}",))))
    first = [scheduler.queue.next() for _ in range(3)]
    for crashes, job in zip([2, 0, 1], first, strict=True):
        assert isinstance(job, Job)
        scheduler.ended(job, Quarantine(crashes))
    order = []
    while isinstance(job := scheduler.queue.next(), Job):
        order.append(job.crashes)
        scheduler.ended(job, Settled())

    assert order == [0, 1, 2]


def test_what_is_given_up_while_it_was_to_run_first_of_all_lets_the_others_run() -> None:
    scheduler = Scheduler(SLOTS)
    scheduler.adopt([Parked(1, ("a",), ProviderLogin.V2)])
    suspect = scheduler.queue.next()
    assert isinstance(suspect, Job)
    scheduler.ended(suspect, Quarantine())
    assert scheduler.queue.next() is suspect
    scheduler.ended(suspect, Wait(0.0, quarantined=True))
    came = delivery(b"")
    scheduler.enter(came.receipt, Job(Work(came, Undecodable([]), ("b",))))
    assert scheduler.queue.next() is None

    assert scheduler.release() == [1]

    assert isinstance(scheduler.queue.next(), Job)


def test_a_quarantined_job_does_not_start_while_a_delivery_is_being_read() -> None:
    scheduler = Scheduler(SLOTS)
    came = delivery(b"")
    suspect = Job(Work(came, Undecodable([]), ("a",)), quarantined=True)
    scheduler.enter(came.receipt, suspect)
    scheduler.queue.arriving = True
    assert scheduler.queue.next() is None

    scheduler.queue.arriving = False

    assert scheduler.queue.next() is suspect

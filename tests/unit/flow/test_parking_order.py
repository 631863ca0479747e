"""Parking keeps every customer's order, whatever happens between its steps."""

import random
from collections.abc import Callable

import pytest

from messages.errors import Undecodable
from tests.support.commands import update_user_profile
from tests.support.work_samples import delivery, work_of
from tests.unit.flow.parking_day import THREADS, WINDOW, Day
from worker.domain.work import Alone, Parked, Settled, Wait, Work
from worker.errors import ProviderLogin
from worker.flow.holding import Holding, Stuck
from worker.flow.lanes import Ticket

STEPS: dict[str, tuple[int, Callable[[Day, int], None]]] = {
    "deliver": (8, lambda day, _: day.deliver()),
    "start": (3, lambda day, _: day.start()),
    "settle": (2, lambda day, number: day.finish(number, fails=False)),
    "fail": (4, lambda day, number: day.finish(number, fails=True)),
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
        assert (day.holding.waiting, day.holding.parked) == (0, 0)


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
    day.holding.adopt([Parked(position, ("a",), ProviderLogin.V2) for position in late])

    turn = day.holding.turns.next()

    assert isinstance(turn, Ticket)
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

    assert [ticket.work for ticket in day.waiting] == [Parked(min(day.parked), ("a",), ProviderLogin.V2)]
    assert day.holding.parked == WINDOW


def test_a_follower_that_waits_for_its_time_is_not_started_when_its_lane_is_free() -> None:
    day = Day([("a",)] * WINDOW)
    day.deliver()
    day.start()
    day.finish(0, fails=True)
    day.parked = {1: 0}
    day.holding.adopt([Parked(1, ("a",), ProviderLogin.V2)])
    day.start()
    day.finish(0, fails=False)

    assert day.holding.turns.next() is None
    day.wake(0)
    assert day.holding.turns.next() is not None


def test_nothing_is_parked_while_threads_are_busy_or_the_window_has_room_or_the_provider_is_paused() -> None:
    def full() -> Day:
        day = Day([("a",)] * WINDOW)
        for _ in range(WINDOW):
            day.deliver()
        day.start()
        return day

    assert full().holding.stuck(WINDOW, 0.0) is not None
    assert full().holding.stuck(2 * WINDOW, 0.0) is None
    paused = full()
    paused.holding.turns.allowed[ProviderLogin.V2] = 0
    assert paused.holding.stuck(WINDOW, 0.0) is None
    busy = Day([("a",), ("b",), ("b",), ("b",)])
    for _ in range(WINDOW):
        busy.deliver()
        busy.start()
    assert busy.holding.stuck(WINDOW, 0.0) is None
    unread = full()
    unread.holding.turns.unread.append(delivery(b""))
    assert unread.holding.stuck(WINDOW, 0.0) is None


def test_what_waits_for_the_other_login_is_parked_and_what_could_run_is_not_passed_over() -> None:
    holding = Holding(THREADS)
    holding.turns.allowed[ProviderLogin.V3] = 0
    for tag in range(1, WINDOW):
        waits = work_of(update_user_profile(f"{tag}@example.com", {"city": "Ulm"}), tag=tag)
        holding.enter(waits.delivery.receipt, Ticket(waits))
    assert holding.stuck(WINDOW - 1, 0.0) is not None
    came = delivery(b"", tag=WINDOW)
    holding.enter(came.receipt, Ticket(Work(came, Undecodable([]), ("free",))))
    assert holding.stuck(WINDOW, 0.0) is None


def test_a_window_of_slow_calls_is_parked_when_it_has_not_moved_for_long_and_a_thread_is_idle() -> None:
    slow = Day([("a",), ("b",), ("a",), ("b",)])
    for _ in range(WINDOW):
        slow.deliver()
        slow.start()

    assert slow.holding.stuck(WINDOW, 1.0) is None
    assert slow.holding.stuck(WINDOW, 10.0) is not None
    for _ in range(THREADS):
        slow.holding.turns.running.add(Ticket(Parked(99, (), ProviderLogin.V2)))
    assert slow.holding.stuck(WINDOW, 10.0) is None


@pytest.mark.parametrize("window", [1, 2])
def test_a_small_window_of_which_all_runs_is_not_parked(window: int) -> None:
    day = Day([("a",), ("b",)])
    for _ in range(window):
        day.deliver()
        day.start()

    assert day.holding.stuck(window, 10.0) is None


def test_what_is_given_up_waits_no_more_and_what_runs_ends() -> None:
    day = Day([("a",)] * WINDOW)
    for _ in range(WINDOW):
        day.deliver()
    day.start()
    day.commit()
    day.acknowledge()

    assert len(day.holding.release()) == WINDOW - 1
    assert day.holding.parked == 1
    day.finish(0, fails=True)
    assert day.holding.release() == [min(day.parked)]
    day.wake(0)
    assert day.holding.turns.next() is None


def test_parked_commands_of_one_login_take_turns_with_what_is_ready_for_the_other() -> None:
    holding = Holding(1)
    holding.adopt([Parked(number, (f"customer:{number}",), ProviderLogin.V3) for number in range(3)])
    came = delivery(b"")
    holding.enter(came.receipt, Ticket(Work(came, Undecodable([]), ("free",))))
    holding.adopt([Parked(9, ("customer:9",), ProviderLogin.V3)])
    began = []
    while isinstance(ticket := holding.turns.next(), Ticket):
        began.append(ticket.work)
        holding.ended(ticket, Settled())

    assert isinstance(began[-1], Work)


def test_whoever_is_to_run_first_of_all_does_not_wait_behind_what_nobody_may_run_before() -> None:
    holding = Holding(THREADS)
    came = delivery(b"")
    suspect = Ticket(Work(came, Undecodable([]), ("a",)), alone=True)
    holding.enter(came.receipt, suspect)
    assert holding.turns.next() is suspect
    holding.ended(suspect, Wait(0.0, alone=True))
    holding.adopt([Parked(1, ("a",), ProviderLogin.V2)])

    first = holding.turns.next()

    assert isinstance(first, Ticket)
    assert isinstance(first.work, Parked)


def test_a_portion_holds_so_many_commands_or_bytes_and_one_that_is_larger_stands_alone() -> None:
    works = [Work(delivery(b"x" * size, tag=tag), Undecodable([]), ()) for tag, size in enumerate([1, 1, 1, 9, 1, 1])]
    stuck = Stuck(tuple(Ticket(work) for work in works), tuple(works))

    cut = [[len(work.delivery.body) for work in portion.works] for portion in stuck.portions(2, 5)]

    assert cut == [[1, 1], [1], [9], [1, 1]]


def test_of_those_that_must_be_alone_the_least_suspicious_goes_first() -> None:
    holding = Holding(THREADS)
    for tag, crashes in enumerate([2, 0, 1]):
        came = delivery(b"", tag=tag)
        holding.enter(came.receipt, Ticket(Work(came, Undecodable([]), (f"customer:{crashes}",))))
    first = [holding.turns.next() for _ in range(3)]
    for crashes, ticket in zip([2, 0, 1], first, strict=True):
        assert isinstance(ticket, Ticket)
        holding.ended(ticket, Alone(crashes))
    order = []
    while isinstance(ticket := holding.turns.next(), Ticket):
        order.append(ticket.crashes)
        holding.ended(ticket, Settled())

    assert order == [0, 1, 2]

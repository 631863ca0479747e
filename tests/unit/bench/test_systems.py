"""Who is measured, and how much work each is given."""

import json

import pytest

from bench.envelopes import for_celery, for_dramatiq
from bench.orders import orders
from bench.systems import BARE, CASES, CELERY, NAIVE, SYSTEMS, WORKER, Case, invited, span_of
from bench.work import COMMANDS, event_of


def test_everybody_is_measured_where_the_peers_are_installed() -> None:
    assert invited(SYSTEMS, peers=True, given=False) == (list(SYSTEMS), [])


def test_without_the_peers_it_goes_on_and_says_so() -> None:
    systems, remarks = invited(SYSTEMS, peers=False, given=True)

    assert systems == [WORKER, NAIVE, BARE]
    assert [remark.split(":")[0] for remark in remarks] == ["Without the peers"]


def test_nothing_is_reported_of_peers_that_nobody_asked_for() -> None:
    assert invited([WORKER], peers=False, given=True) == ([WORKER], [])


def test_who_leaves_queues_behind_is_not_measured_on_somebody_elses_broker() -> None:
    systems, remarks = invited(SYSTEMS, peers=True, given=True)

    assert set(SYSTEMS) - set(systems) == {CELERY}
    assert [remark.split(":")[0] for remark in remarks] == ["Without Celery"]


def test_a_loop_that_waits_for_each_call_gets_as_few_commands_however_many_calls_are_allowed() -> None:
    assert span_of(NAIVE, Case(0.05, 32), 3.0) == span_of(NAIVE, Case(0.05, 128), 3.0)
    assert span_of(WORKER, Case(0.05, 128), 3.0).total > span_of(WORKER, Case(0.05, 32), 3.0).total


@pytest.mark.parametrize("case", CASES, ids=str)
def test_work_is_under_way_when_the_counting_begins_and_when_it_ends(case: Case) -> None:
    span = span_of(WORKER, case, 3.0)

    assert min(span.warm_up, span.left) > case.calls


def test_a_peer_finds_the_whole_command_in_its_envelope() -> None:
    for order in orders(60):
        (for_a_task,), _, _ = json.loads(for_celery(order, "queue").body)
        (for_an_actor,) = json.loads(for_dramatiq(order, "queue").body)["args"]

        assert for_a_task == for_an_actor == json.loads(order.body)


def test_every_command_of_the_benchmark_is_understood_beside_the_worker_too() -> None:
    for order in orders(60):
        command = COMMANDS.validate_json(order.body)

        assert event_of(command)["data"]["command_id"] == order.id

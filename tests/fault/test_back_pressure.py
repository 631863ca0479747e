"""The broker takes no events for a while: intake pauses, says why, and nothing is acked before its event."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support.broker_troubles import (
    Trouble,
    deleted_exchange,
    disk_alarm,
    full_queue,
    memory_alarm,
    nobody_bound,
)
from tests.support.commands import Command, rotate
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation
from tests.support.loads import rotations
from tests.support.seeds import old_customer, seed_of
from tests.support.waiting import looks, wait_for
from tests.support.worker_process import WorkerProcess
from worker.broker.topology.model import Topology
from worker.pipeline.unpublished import AGAIN_SECONDS

CUSTOMERS = 80
#: What is tried again each second is tried again at least once while somebody looks.
LOOKING_SECONDS = 1.5 * AGAIN_SECONDS
PUBLISHED = "provisioning_events_published_total"
CONCURRENCY = 4
#: There are twice as many handlers as calls at once, and each has at most one command in hand.
HANDLERS = 2 * CONCURRENCY
#: A call takes so long that the commands outlast the beginning of any trouble.
SLOW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Situation:
    """A trouble, and the words that must be said about it: what happened, and what to do."""

    name: str
    trouble: Trouble
    words: tuple[str, ...]

    def __str__(self) -> str:
        """Name the test."""
        return self.name


def events(topology: Topology) -> str:
    return topology.events


def dead_letters(topology: Topology) -> str:
    return topology.dead_letters


SITUATIONS = (
    Situation("the broker is short of memory", memory_alarm, ("takes no messages", "low on memory", "give it memory")),
    Situation("the broker is short of disk", disk_alarm, ("takes no messages", "low on disk", "give it disk space")),
    Situation("an events queue is full", partial(full_queue, events), (".events", "full", "raise its limit")),
    Situation(
        "a dead letters queue is full",
        partial(full_queue, dead_letters),
        (".dead-letters", "full", "raise its limit"),
    ),
    Situation("no events exchange", partial(deleted_exchange, events), (".events", "NOT_FOUND", "topology apply")),
    Situation(
        "no dead letters exchange", partial(deleted_exchange, dead_letters), (".dead-letters", "NOT_FOUND", "apply")
    ),
    Situation("nobody can take events", nobody_bound, ("NO_ROUTE", "no queue is bound", "topology apply")),
)


@pytest.fixture
def installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    """An installation whose workers declare nothing: what is deleted stays deleted until a person mends it."""
    with open_installation(broker.url, tmp_path, seed_of(CUSTOMERS), forked_worker) as opened:
        opened.settings |= {
            "AMQP__DECLARE": "false",
            "WORKER__CONCURRENCY": str(CONCURRENCY),
            "PROVIDER__TIMEOUT_SECONDS": "20",
        }
        yield opened


def commands_and_failing() -> tuple[list[Command], set[str]]:
    """Return a command for each customer, every fourth of which the provider must reject, and the ids of those."""
    commands = rotations(CUSTOMERS, rounds=1)
    for number in range(0, CUSTOMERS, 4):
        commands[number] = rotate(old_customer(number), "unknown", "password", subject=f"cus_{number}")
    return commands, {command.id for command in commands[::4]}


def is_paused(worker: WorkerProcess) -> bool:
    return worker.metric("provisioning_intake_paused", cause="publish") == 1


def published(worker: WorkerProcess, result: str) -> dict[str, int]:
    """Count by kind what was published with this result."""
    labels_and_counts = [
        (dict(labels), count) for (name, labels), count in worker.metrics().items() if name == PUBLISHED
    ]
    return {labels["event"]: int(count) for labels, count in labels_and_counts if labels["result"] == result}


def failures(worker: WorkerProcess) -> int:
    return sum(published(worker, "failed").values())


def events_published(worker: WorkerProcess) -> int:
    return sum(count for kind, count in published(worker, "confirmed").items() if kind != "dead_letter")


def await_an_event_for_each_ack(worker: WorkerProcess) -> int:
    """Wait until as many commands are acked as events are confirmed; return how many."""
    return wait_for(
        lambda: answered if (answered := events_published(worker)) == len(worker.logged("command_settled")) else None,
        "as many acks as events",
    )


def left_in_queue(installation: Installation) -> int:
    """Count the commands that the broker would hand over now."""
    return installation.listener.depth(installation.topology.command_queues[0])[0]


def assert_steady(worker: WorkerProcess, installation: Installation) -> None:
    """Look again and again: always paused, tried again gently, and no command taken up."""
    handled, failed, began = len(installation.sandbox.journal()), failures(worker), time.monotonic()
    for _ in looks(LOOKING_SECONDS):
        ready = worker.ask("/readyz")
        assert (ready.status, ready.document["state"]) == (200, "paused")
        assert "publish" in ready.document["paused"]
        assert is_paused(worker)
    seconds = time.monotonic() - began
    # What was in hand when it began may still call and fail once each, then only one is tried again.
    assert failures(worker) - failed <= seconds / AGAIN_SECONDS + 1 + HANDLERS
    # Two calls: what cannot be rotated is looked for.
    assert len(installation.sandbox.journal()) - handled <= 2 * HANDLERS


def await_words(worker: WorkerProcess, situation: Situation) -> None:
    wait_for(
        lambda: all(word in worker.await_paused("publish") for word in situation.words), f"words: {situation.words}"
    )


def assert_one_pause_is_logged(worker: WorkerProcess) -> None:
    wait_for(lambda: not is_paused(worker), "the end of the pause")
    assert [line["cause"] for line in worker.logged("intake_paused")] == ["publish"]
    assert [line["cause"] for line in worker.logged("intake_resumed")] == ["publish"]


@pytest.mark.parametrize("situation", SITUATIONS, ids=str)
def test_while_events_cannot_be_published_nothing_is_taken_up_or_acked(
    installation: Installation, broker: OwnBroker, situation: Situation
) -> None:
    commands, failing = commands_and_failing()
    installation.sandbox.set_latency(SLOW_SECONDS)
    with installation.worker() as worker:
        installation.emitter.publish(*commands)
        installation.listener.await_count(1)
        with situation.trouble(installation, broker):
            worker.await_paused("publish")
            installation.sandbox.set_latency(0)
            assert_steady(worker, installation)
            await_words(worker, situation)
            assert await_an_event_for_each_ack(worker) < len(commands)
        wait_for(lambda: len(worker.logged("command_settled")) == len(commands), "the last command", 40)
        assert_one_pause_is_logged(worker)
        assert worker.terminate() == 0
    installation.listener.listen_to(installation.topology.unrouted)
    installation.verdict(commands, failing)


def test_what_is_unpublished_is_still_in_the_queue_when_the_worker_dies(
    installation: Installation, broker: OwnBroker
) -> None:
    commands, failing = commands_and_failing()
    installation.sandbox.set_latency(SLOW_SECONDS)
    with installation.worker() as worker:
        installation.emitter.publish(*commands)
        installation.listener.await_count(1)
        with full_queue(events, installation, broker):
            worker.await_paused("publish")
            installation.sandbox.set_latency(0)
            answered = await_an_event_for_each_ack(worker)
            worker.kill()
            wait_for(
                lambda: left_in_queue(installation) == len(commands) - answered, "all without an event in the queue"
            )
    with installation.worker() as worker:
        wait_for(lambda: len(worker.logged("command_settled")) == len(commands) - answered, "the last command", 40)
        assert worker.terminate() == 0
    installation.verdict(commands, failing)


@pytest.mark.parametrize(
    "situation",
    [one for one in SITUATIONS if one.name in ("the broker is short of memory", "no events exchange")],
    ids=str,
)
def test_an_idle_worker_says_it_too(installation: Installation, broker: OwnBroker, situation: Situation) -> None:
    commands = rotations(customers=3, rounds=1)
    with installation.worker() as worker:
        with situation.trouble(installation, broker):
            await_words(worker, situation)
            assert_steady(worker, installation)
        assert_one_pause_is_logged(worker)
        installation.emitter.publish(*commands)
        installation.listener.await_events(commands)
        assert worker.terminate() == 0
    assert installation.verdict(commands).repeats == 0

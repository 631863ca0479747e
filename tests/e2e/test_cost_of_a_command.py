"""What a command costs, counted and not timed: how often things are done says the same on a busy machine.

All commands lie in the queue before the worker starts, so that its batches are as full as they ever are.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.servers.finding import OwnBroker
from tests.support import counting_worker
from tests.support.forked_worker import forked_worker
from tests.support.installation import Installation, open_installation
from tests.support.loads import rotations
from tests.support.seeds import seed_of
from tests.support.waiting import wait_for

COMMANDS = 1_000
#: For a thousand commands: about 1.3 times the most that was counted, quiet or with twice as many busy processes as
#: cores, so that batches with less luck are no failure, and each of the things named here is one.
BOUNDS = {
    "statements": 3_000,  # 2,180 to 2,330: one for a claim and one for a record; a third makes 3,180 and more
    "commits": 190,  # 67 to 144, each for all that has come: one for each claim, or each record, makes 1,000
    "wake-ups": 1_600,  # 930 to 1,250, half of them for the call; another thread on a command's way makes 1,930
    "writes to the broker": 430,  # 155 to 331: each event, or each ack, in a piece of its own makes 1,100
    "frames sent": 2_900,  # 2,335 to 2,530: an event's two, and acks in rows; one for each ack makes 3,010
    "frames received": 4_050,  # 3,100 to 3,170: a delivery's three, few confirms; another for each makes 4,100
    "provider calls": COMMANDS,  # exactly: another one would be a second effect
}
#: A call that is slow because the machine is busy must not be made again.
PATIENT = {"PROVIDER__TIMEOUT_SECONDS": "60"}


@pytest.fixture
def installation(broker: OwnBroker, tmp_path: Path) -> Iterator[Installation]:
    with open_installation(broker.url, tmp_path, seed_of(COMMANDS), forked_worker) as opened:
        opened.settings |= PATIENT
        yield opened


def test_a_thousand_commands_cost_no_more_than_they_did(installation: Installation, tmp_path: Path) -> None:
    installation.emitter.publish(*rotations(COMMANDS, rounds=1))
    counted = tmp_path / "counts.json"

    with installation.planted_worker(counting_worker.__file__, str(counted)) as worker:
        events, _dead_letters = installation.listener.queues
        wait_for(lambda: installation.listener.depth(events)[0] >= COMMANDS, "an event of each command")
        assert worker.terminate() == 0

    counts = Counter(json.loads(counted.read_text()))
    counts["wake-ups"] = sum(count for name, count in counts.items() if name.startswith("wake-ups of "))
    counts["provider calls"] = len(installation.sandbox.journal())
    # Something that nothing counts any more would stay below every bound.
    assert {name: counts[name] for name, bound in BOUNDS.items() if not COMMANDS / 20 < counts[name] <= bound} == {}

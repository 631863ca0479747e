"""Every command of the catalog has its handler, and its success fits its event."""

import json
from dataclasses import replace

import pytest

from messages.catalog import CATALOG
from messages.commands import Command
from tests.support.ready_provider import provider_ready_for
from tests.support.work_samples import PASSWORD, commands_about_ada, create, envelope_of
from tests.unit.handlers.attempts import FIRST
from tests.unit.handlers.handler_rig import HandlerRig
from worker.domain.result_events import succeeded
from worker.errors import OutcomeUnknown

ADA = commands_about_ada()


def ready_for(command: Command) -> HandlerRig:
    return HandlerRig(provider_ready_for(command))


def test_there_is_a_sample_of_every_command() -> None:
    assert set(ADA) == set(CATALOG)


@pytest.mark.parametrize("name", ADA)
def test_a_first_attempt_makes_one_change_and_reports_what_its_event_needs(name: str) -> None:
    command = ADA[name]
    rig = ready_for(command)

    done = rig.handle(command, FIRST)

    envelope = replace(envelope_of(create()), type=name, data=command)
    event = json.loads(succeeded(envelope, "event-1", done, 1, "2026-11-21T09:30:00.000Z").body)
    assert (event["type"], event["data"]["outcome"]) == (CATALOG[name].event, "applied")
    assert len(rig.provider.changes) == (name != "RetrieveCustomers")
    assert PASSWORD not in json.dumps(event)


@pytest.mark.parametrize("name", [name for name in ADA if name != "RetrieveCustomers"])
def test_a_first_write_whose_answer_is_lost_is_an_unknown_outcome(name: str) -> None:
    rig = ready_for(ADA[name])
    rig.provider.lose_next_answer(name, applied=True)

    assert rig.end(ADA[name], FIRST) is OutcomeUnknown
    assert len(rig.provider.changes) == 1

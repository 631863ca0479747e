"""An emitter whose properties let the broker throw out or reorder its commands is named; they run all the same."""

from dataclasses import replace

from tests.support.commands import create, new_username
from tests.support.installation import Installation


def test_an_expiration_and_a_priority_are_reported_and_counted(own_installation: Installation) -> None:
    command = create(new_username())
    message = command.message()
    risky = replace(message, properties={**message.properties, "expiration": "600000", "priority": 9})

    with own_installation.worker() as worker:
        own_installation.emitter.publish(risky)

        assert own_installation.listener.await_event(command).properties.type == "CustomerCreated"
        for event in ("command_may_expire", "command_may_change_places"):
            assert worker.await_logged(event)["command_id"] == command.id
        for name in ("expiration", "priority"):
            assert worker.metric("provisioning_risky_properties_total", property=name) == 1

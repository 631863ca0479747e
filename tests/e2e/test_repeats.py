"""The same command again, another command under the same id: what was done once is never done again."""

from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.registry import Effect
from tests.support.billing import ReceivedMessage
from tests.support.commands import Command, create, disable, new_username
from tests.support.installation import Installation
from tests.support.waiting import wait_for


def calls_for(installation: Installation, command: Command) -> list[JournalEntry]:
    return [entry for entry in installation.sandbox.journal() if entry.username == command.username]


def await_repeats(installation: Installation, command: Command, count: int) -> list[ReceivedMessage]:
    def received() -> list[ReceivedMessage] | None:
        installation.listener.listen()
        events = installation.listener.events_of(command)
        return events if len(events) >= count else None

    return wait_for(received, f"{count} events")


def test_a_command_sent_three_times_has_one_effect_and_identical_events(installation: Installation) -> None:
    command = create(new_username())
    installation.emitter.publish(command, command, command)
    events = await_repeats(installation, command, 3)
    assert len({event.body for event in events}) == 1
    assert len({event.properties.message_id for event in events}) == 1
    assert [entry.effect for entry in calls_for(installation, command)] == [Effect.CHANGED]


def test_a_repeat_is_recognised_however_its_json_is_written(installation: Installation) -> None:
    command = create(new_username())
    turned = Command(command.type, dict(reversed(list(command.data.items()))), id=command.id)
    installation.emitter.publish(command, turned)
    assert len({event.body for event in await_repeats(installation, command, 2)}) == 1
    assert len(calls_for(installation, command)) == 1


def test_a_failure_reported_twice_is_the_same_failure(installation: Installation) -> None:
    command = create(new_username(), package="Platinum")
    installation.emitter.publish(command, command)
    assert len({event.body for event in await_repeats(installation, command, 2)}) == 1
    dead_letters = [
        dead_letter for dead_letter in installation.listener.dead_letters if dead_letter.body == command.message().body
    ]
    assert len({dead_letter.worker_headers["dead-letter-id"] for dead_letter in dead_letters}) == 1
    assert len(calls_for(installation, command)) == 1


def test_another_command_under_a_taken_id_is_a_conflict_and_has_no_effect(installation: Installation) -> None:
    first = create(new_username())
    other = create(new_username(), id=first.id)
    installation.emitter.publish(first)
    created = installation.listener.await_event(first)
    installation.emitter.publish(other)
    _, conflict = await_repeats(installation, first, 2)
    assert (conflict.properties.type, conflict.data["reason"]) == ("CommandFailed", "id_conflict")
    assert conflict.data["username"] == other.username
    installation.emitter.publish(first)
    assert await_repeats(installation, first, 3)[-1].body == created.body
    assert installation.listener.await_dead_letter(other).routing_key == "id_conflict"
    assert calls_for(installation, other) == []


def test_the_same_id_of_another_source_is_another_command(installation: Installation) -> None:
    first = create(new_username())
    other = create(new_username(), id=first.id, source="shop")
    installation.emitter.publish(first, other)
    events = await_repeats(installation, first, 2)
    assert {event.routing_key for event in events} == {"CustomerCreated.billing", "CustomerCreated.shop"}
    assert len({event.properties.message_id for event in events}) == 2


def test_a_refused_command_can_be_mended_under_its_own_id(installation: Installation) -> None:
    broken = create(new_username(), city=None)
    mended = create(broken.username, id=broken.id)
    installation.emitter.publish(broken, mended)
    events = await_repeats(installation, mended, 2)
    assert {event.properties.type for event in events} == {"CommandFailed", "CustomerCreated"}
    assert len({event.properties.message_id for event in events}) == 2


def test_a_value_set_by_two_commands_is_set_once_and_both_are_answered(installation: Installation) -> None:
    made = create(new_username())
    first, second = disable(made.username), disable(made.username)
    installation.emitter.publish(made, first, second)
    events = installation.listener.await_events([first, second])
    assert [event.data["outcome"] for event in events] == ["applied", "applied"]
    effects = [entry.effect for entry in calls_for(installation, made)]
    assert effects == [Effect.CHANGED, Effect.CHANGED, Effect.UNCHANGED]


def test_a_taken_username_is_refused_and_its_customer_untouched(installation: Installation) -> None:
    first = create(new_username())
    second = create(first.username, city="Paris")
    installation.emitter.publish(first, second)
    assert installation.listener.await_event(second).data["reason"] == "provider_rejected"
    assert installation.sandbox.state(first.username).customers[first.username].city == "London"

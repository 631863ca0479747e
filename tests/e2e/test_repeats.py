"""The same command again, another command under the same id: what was done once is never done again."""

from sandbox.provider.journal import JournalEntry
from sandbox.provider.operations.registry import Effect
from tests.support.billing import Heard
from tests.support.commands import Command, create, disable, new_username
from tests.support.house import House
from tests.support.waiting import wait_for


def calls_for(house: House, command: Command) -> list[JournalEntry]:
    return [entry for entry in house.sandbox.journal() if entry.username == command.username]


def await_repeats(house: House, command: Command, count: int) -> list[Heard]:
    def heard() -> list[Heard] | None:
        house.ear.listen()
        events = house.ear.events_of(command)
        return events if len(events) >= count else None

    return wait_for(heard, f"{count} events")


def test_a_command_sent_three_times_has_one_effect_and_identical_events(house: House) -> None:
    command = create(new_username())
    house.emitter.publish(command, command, command)
    events = await_repeats(house, command, 3)
    assert len({event.body for event in events}) == 1
    assert len({event.properties.message_id for event in events}) == 1
    assert [entry.effect for entry in calls_for(house, command)] == [Effect.CHANGED]


def test_a_repeat_is_recognised_however_its_json_is_written(house: House) -> None:
    command = create(new_username())
    turned = Command(command.type, dict(reversed(list(command.data.items()))), id=command.id)
    house.emitter.publish(command, turned)
    assert len({event.body for event in await_repeats(house, command, 2)}) == 1
    assert len(calls_for(house, command)) == 1


def test_a_failure_told_twice_is_the_same_failure(house: House) -> None:
    command = create(new_username(), package="Platinum")
    house.emitter.publish(command, command)
    assert len({event.body for event in await_repeats(house, command, 2)}) == 1
    dead_letters = [dead_letter for dead_letter in house.ear.dead_letters if dead_letter.body == command.message().body]
    assert len({dead_letter.told["dead-letter-id"] for dead_letter in dead_letters}) == 1
    assert len(calls_for(house, command)) == 1


def test_another_command_under_a_taken_id_is_a_conflict_and_has_no_effect(house: House) -> None:
    first = create(new_username())
    other = create(new_username(), id=first.id)
    house.emitter.publish(first)
    created = house.ear.await_event(first)
    house.emitter.publish(other)
    _, conflict = await_repeats(house, first, 2)
    assert (conflict.properties.type, conflict.data["reason"]) == ("CommandFailed", "id_conflict")
    assert conflict.data["username"] == other.username
    house.emitter.publish(first)
    assert await_repeats(house, first, 3)[-1].body == created.body
    assert house.ear.await_dead_letter(other).routing_key == "id_conflict"
    assert calls_for(house, other) == []


def test_the_same_id_of_another_source_is_another_command(house: House) -> None:
    first = create(new_username())
    other = create(new_username(), id=first.id, source="shop")
    house.emitter.publish(first, other)
    events = await_repeats(house, first, 2)
    assert {event.routing_key for event in events} == {"CustomerCreated.billing", "CustomerCreated.shop"}
    assert len({event.properties.message_id for event in events}) == 2


def test_a_refused_command_can_be_mended_under_its_own_id(house: House) -> None:
    broken = create(new_username(), city=None)
    mended = create(broken.username, id=broken.id)
    house.emitter.publish(broken, mended)
    events = await_repeats(house, mended, 2)
    assert {event.properties.type for event in events} == {"CommandFailed", "CustomerCreated"}
    assert len({event.properties.message_id for event in events}) == 2


def test_a_value_set_by_two_commands_is_set_once_and_both_are_answered(house: House) -> None:
    made = create(new_username())
    first, second = disable(made.username), disable(made.username)
    house.emitter.publish(made, first, second)
    events = house.ear.await_events([first, second])
    assert [event.data["outcome"] for event in events] == ["applied", "applied"]
    effects = [entry.effect for entry in calls_for(house, made)]
    assert effects == [Effect.CHANGED, Effect.CHANGED, Effect.UNCHANGED]


def test_a_taken_username_is_refused_and_its_customer_untouched(house: House) -> None:
    first = create(new_username())
    second = create(first.username, city="Paris")
    house.emitter.publish(first, second)
    assert house.ear.await_event(second).data["reason"] == "provider_rejected"
    assert house.sandbox.state(first.username).customers[first.username].city == "London"

"""The broker is restarted, killed, out of memory, or refuses what the worker asks of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from sandbox.provider.faults import Fault, FaultRule
from tests.fault.scenes.play import Kind
from tests.fault.scenes.scene import Scene, Setting
from tests.fault.scenes.stage import grant, user_in
from tests.support.amqp_line import Line
from tests.support.broker_troubles import full_queue
from tests.support.servers import wait_until_crash_safe
from tests.support.waiting import wait_for
from worker.broker.topology.model import Topology

_CLOSED_BECAUSE = "a scene wants it so"
_ALARM_SECONDS = 60.0


def restarted(scene: Scene) -> None:
    scene.stage.broker.restart()


def killed(scene: Scene) -> None:
    _await_crash_safe(scene)
    scene.stage.broker.kill()
    scene.on_heal(scene.stage.broker.start)


def killed_while_it_recovers(scene: Scene) -> None:
    killed(scene)
    scene.stage.broker.start()
    scene.stage.broker.kill()


def connections_closed(scene: Scene) -> None:
    for _ in range(3):
        scene.stage.broker.ctl("close_all_connections", _CLOSED_BECAUSE)
        scene.await_a_moment()


def memory_alarm(scene: Scene) -> None:
    _alarm(scene, "set_vm_memory_high_watermark", "0.0001", "0.4")


def disk_alarm(scene: Scene) -> None:
    _alarm(scene, "set_disk_free_limit", "1000000GB", "50MB")


def _alarm(scene: Scene, setting: str, tight: str, roomy: str) -> None:
    """Raise an alarm while events are still to come: the broker informs a connection only when that publishes."""
    sandbox, ctl = scene.installation.sandbox, scene.stage.broker.ctl
    sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    scene.publish_more()
    scene.await_paused("outage")
    scene.on_heal(lambda: ctl(setting, roomy))
    ctl(setting, tight)
    sandbox.clear_faults()
    _await_logged(scene, "broker_blocked")


def permissions_lost(scene: Scene) -> None:
    user = user_in(scene.changes["AMQP__URL"])
    scene.on_heal(lambda: grant(scene.stage.broker, user))
    grant(scene.stage.broker, user, "^$")
    # What a channel was once allowed it remembers; a new one has to ask.
    scene.stage.broker.ctl("close_all_connections", _CLOSED_BECAUSE)
    _await_logged(scene, "broker_unreachable")


def login_refused(scene: Scene) -> None:
    broker, user = scene.stage.broker, user_in(scene.changes["AMQP__URL"])
    scene.on_heal(lambda: broker.ctl("change_password", user, "first"))
    broker.ctl("change_password", user, "another")
    broker.ctl("close_all_connections", _CLOSED_BECAUSE)
    _await_logged(scene, "broker_unreachable")


def events_exchange_deleted(scene: Scene) -> None:
    """Declared again it has no bindings: until the billing system binds, events go to the unrouted queue."""
    topology, line = scene.installation.topology, Line(scene.installation.broker_url)
    events = next(exchange for exchange in topology.exchanges if exchange.name == topology.events)

    def declare(channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
        kind, arguments = events.kind.value, dict(events.arguments)
        channel.exchange_declare(events.name, kind, durable=True, arguments=arguments)

    scene.on_heal(line.close)
    scene.on_heal(scene.installation.listener.bind)
    scene.on_heal(lambda: line.use(declare))
    line.use(lambda channel: channel.exchange_delete(events.name))
    scene.publish_more()
    # The worker declares it again at once, so that the pause may be over before anybody looks.
    _await_logged(scene, "intake_paused")


def commands_exchange_deleted(scene: Scene) -> None:
    """The worker must declare it again by itself, or nothing would ever arrive and the scene had no end."""
    _delete(scene, lambda channel: channel.exchange_delete(scene.installation.topology.commands))
    _await_logged(scene, "topology_declared_again")


def commands_unbound(scene: Scene) -> None:
    """The worker must bind its queue again by itself: until then the broker returns every command."""
    topology = scene.installation.topology
    _delete(scene, lambda channel: channel.queue_unbind(topology.command_queues[0], topology.commands, "#"))


def dead_letters_deleted(scene: Scene) -> None:
    """The dead letters' exchange and queue are gone, before a dead letter may have been published."""
    dead_letters = scene.installation.topology.dead_letters
    _delete(scene, lambda channel: channel.queue_delete(dead_letters))
    _await_logged(scene, "topology_declared_again")


def _delete(scene: Scene, delete: Callable[[Any], object]) -> None:
    line = Line(scene.installation.broker_url)
    scene.on_heal(line.close)
    line.use(delete)
    scene.publish_more()


def events_unbound(scene: Scene) -> None:
    """Nobody listens: events wait in the unrouted queue."""
    scene.on_heal(scene.installation.listener.bind)
    scene.installation.listener.unbind_events()
    scene.publish_more()
    wait_for(
        lambda: scene.installation.listener.depth(scene.installation.topology.unrouted)[0] > 0,
        "an unrouted event",
        _ALARM_SECONDS,
    )


def events_queue_full(scene: Scene) -> None:
    _bind_full_queue(scene, lambda topology: topology.events)


def dead_letter_queue_full(scene: Scene) -> None:
    _bind_full_queue(scene, lambda topology: topology.dead_letters)


def _bind_full_queue(scene: Scene, which: Callable[[Topology], str]) -> None:
    trouble = ExitStack()
    scene.on_heal(trouble.close)
    trouble.enter_context(full_queue(which, scene.installation, scene.stage.broker))
    scene.publish_more()
    scene.await_paused("publish")


def _await_logged(scene: Scene, event: str) -> None:
    wait_for(lambda: scene.worker.logged(event), event, _ALARM_SECONDS)


def _await_crash_safe(scene: Scene) -> None:
    queues = [queue.name for queue in scene.installation.topology.queues]
    wait_until_crash_safe(scene.stage.broker, *queues, *scene.installation.listener.queues)


def kinds() -> Iterator[Kind]:
    """All of this room."""
    own = Setting(own_user=True)
    yield Kind("broker: restarted", restarted)
    yield Kind("broker: SIGKILL", killed)
    yield Kind("broker: SIGKILL twice", killed_while_it_recovers)
    yield Kind("broker: connections closed by force", connections_closed)
    yield Kind("broker: memory alarm", memory_alarm)
    yield Kind("broker: disk alarm", disk_alarm)
    yield Kind("broker: permissions lost", permissions_lost, own)
    yield Kind("broker: login refused", login_refused, own)
    yield Kind("broker: events exchange deleted", events_exchange_deleted)
    yield Kind("broker: commands exchange deleted", commands_exchange_deleted)
    yield Kind("broker: commands queue unbound", commands_unbound)
    yield Kind("broker: dead-letter queue deleted", dead_letters_deleted)
    yield Kind("broker: nobody binds the events", events_unbound)
    yield Kind("broker: an events queue is full", events_queue_full)
    yield Kind("broker: a dead-letter queue is full", dead_letter_queue_full, Setting(trouble=5.0))

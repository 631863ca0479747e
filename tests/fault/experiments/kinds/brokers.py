"""The broker is restarted, killed, out of memory, or refuses what the worker asks of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from sandbox.provider.faults import Fault, FaultRule
from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.fault.experiments.servers import grant, user_in
from tests.support.amqp_line import Line
from tests.support.broker_troubles import full_queue
from tests.support.servers import wait_until_crash_safe
from tests.support.waiting import wait_for
from worker.broker.topology.model import Topology

_CLOSED_BECAUSE = "an experiment wants it so"
_ALARM_SECONDS = 60.0


def restarted(experiment: Experiment) -> None:
    experiment.fault_servers.broker.restart()


def killed(experiment: Experiment) -> None:
    _await_crash_safe(experiment)
    # Whatever was under way may be done by now.
    experiment.await_a_moment()
    experiment.fault_servers.broker.kill()
    experiment.on_heal(experiment.fault_servers.broker.start)


def killed_while_it_recovers(experiment: Experiment) -> None:
    killed(experiment)
    experiment.fault_servers.broker.start()
    experiment.fault_servers.broker.kill()


def connections_closed(experiment: Experiment) -> None:
    for _ in range(3):
        experiment.fault_servers.broker.ctl("close_all_connections", _CLOSED_BECAUSE)
        experiment.await_a_moment()


def memory_alarm(experiment: Experiment) -> None:
    _alarm(experiment, "set_vm_memory_high_watermark", "0.0001", "0.4")


def disk_alarm(experiment: Experiment) -> None:
    _alarm(experiment, "set_disk_free_limit", "1000000GB", "50MB")


def _alarm(experiment: Experiment, setting: str, tight: str, roomy: str) -> None:
    """Raise an alarm while events are still to come: the broker informs a connection only when that publishes."""
    sandbox, ctl = experiment.installation.sandbox, experiment.fault_servers.broker.ctl
    sandbox.inject(FaultRule(fault=Fault.OUTAGE))
    experiment.publish_more()
    experiment.await_paused("outage")
    experiment.on_heal(lambda: ctl(setting, roomy))
    ctl(setting, tight)
    sandbox.clear_faults()
    _await_logged(experiment, "broker_blocked")


def permissions_lost(experiment: Experiment) -> None:
    user = user_in(experiment.changes["AMQP__URL"])
    experiment.on_heal(lambda: grant(experiment.fault_servers.broker, user))
    grant(experiment.fault_servers.broker, user, "^$")
    # What a channel was once allowed it remembers; a new one has to ask.
    experiment.fault_servers.broker.ctl("close_all_connections", _CLOSED_BECAUSE)
    _await_logged(experiment, "broker_unreachable")


def login_refused(experiment: Experiment) -> None:
    broker, user = experiment.fault_servers.broker, user_in(experiment.changes["AMQP__URL"])
    experiment.on_heal(lambda: broker.ctl("change_password", user, "first"))
    broker.ctl("change_password", user, "another")
    broker.ctl("close_all_connections", _CLOSED_BECAUSE)
    _await_logged(experiment, "broker_unreachable")


def events_exchange_deleted(experiment: Experiment) -> None:
    """Declared again it has no bindings: until the billing system binds, events go to the unrouted queue."""
    topology, line = experiment.installation.topology, Line(experiment.installation.broker_url)
    events = next(exchange for exchange in topology.exchanges if exchange.name == topology.events)

    def declare(channel: Any) -> None:  # noqa: ANN401  # pika's channel is untyped
        kind, arguments = events.kind.value, dict(events.arguments)
        channel.exchange_declare(events.name, kind, durable=True, arguments=arguments)

    experiment.on_heal(line.close)
    experiment.on_heal(experiment.installation.listener.bind)
    experiment.on_heal(lambda: line.use(declare))
    line.use(lambda channel: channel.exchange_delete(events.name))
    experiment.publish_more()
    # The worker declares it again at once, so that the pause may be over before anybody looks.
    _await_logged(experiment, "intake_paused")


def commands_exchange_deleted(experiment: Experiment) -> None:
    """The worker must declare it again by itself, or nothing would ever arrive and the experiment had no end."""
    _delete(experiment, lambda channel: channel.exchange_delete(experiment.installation.topology.commands))
    _await_logged(experiment, "topology_declared_again")


def commands_unbound(experiment: Experiment) -> None:
    """The worker must bind its queue again by itself: until then the broker returns every command."""
    topology = experiment.installation.topology
    _delete(experiment, lambda channel: channel.queue_unbind(topology.command_queues[0], topology.commands, "#"))


def dead_letters_deleted(experiment: Experiment) -> None:
    """The dead letters' exchange and queue are gone, before a dead letter may have been published."""
    dead_letters = experiment.installation.topology.dead_letters
    _delete(experiment, lambda channel: channel.queue_delete(dead_letters))
    # One piece may hold nothing that ends as a dead letter.
    experiment.publish_all()
    _await_logged(experiment, "topology_declared_again")


def _delete(experiment: Experiment, delete: Callable[[Any], object]) -> None:
    line = Line(experiment.installation.broker_url)
    experiment.on_heal(line.close)
    line.use(delete)
    experiment.publish_more()


def events_unbound(experiment: Experiment) -> None:
    """Nobody listens: events wait in the unrouted queue."""
    experiment.on_heal(experiment.installation.listener.bind)
    experiment.installation.listener.unbind_events()
    experiment.publish_more()
    wait_for(
        lambda: experiment.installation.listener.depth(experiment.installation.topology.unrouted)[0] > 0,
        "an unrouted event",
        _ALARM_SECONDS,
    )


def events_queue_full(experiment: Experiment) -> None:
    _bind_full_queue(experiment, lambda topology: topology.events)


def dead_letter_queue_full(experiment: Experiment) -> None:
    _bind_full_queue(experiment, lambda topology: topology.dead_letters)


def _bind_full_queue(experiment: Experiment, which: Callable[[Topology], str]) -> None:
    trouble = ExitStack()
    experiment.on_heal(trouble.close)
    trouble.enter_context(full_queue(which, experiment.installation, experiment.fault_servers.broker))
    # One piece may hold nothing that ends as a dead letter.
    experiment.publish_all()
    experiment.await_paused("publish")


def _await_logged(experiment: Experiment, event: str) -> None:
    wait_for(lambda: experiment.worker.logged(event), event, _ALARM_SECONDS)


def _await_crash_safe(experiment: Experiment) -> None:
    queues = [queue.name for queue in experiment.installation.topology.queues]
    wait_until_crash_safe(experiment.fault_servers.broker, *queues, *experiment.installation.listener.queues)


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

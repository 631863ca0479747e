"""A look at the broker for `doctor`: what AMQP answers, by questions that change nothing."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import NoReturn, TypeVar

import pika
from pika.credentials import PlainCredentials
from pika.exceptions import AMQPError

from worker.broker.address import BrokerAddress, Role
from worker.broker.connection.parameters import connection_parameters
from worker.broker.diagnose.management_api import ManagementApi, ManagementLogin
from worker.broker.diagnose.management_facts import with_management
from worker.broker.diagnose.rights import Blocking, answer, may_configure, rights
from worker.broker.faults import words
from worker.broker.topology.errands import inspect_topology
from worker.broker.topology.model import Exchange, Queue, Topology
from worker.broker.topology.survey import Condition, Mode, SurveyFinding
from worker.doctor.facts import (
    BindingFacts,
    BrokerFacts,
    Duty,
    ExchangeFacts,
    QueueFacts,
    QueuePresence,
)
from worker.errors import BrokerUnreachable

_T = TypeVar("_T")
#: Longer than the survey of the topology, which has its own limit, takes at most.
_PATIENCE_SECONDS = 30.0
_PRESENCE = {
    Condition.PRESENT: QueuePresence.PRESENT,
    Condition.DECLARED: QueuePresence.PRESENT,
    Condition.MISSING: QueuePresence.MISSING,
    Condition.DIFFERS: QueuePresence.DIFFERS,
    Condition.UNCHECKED: QueuePresence.UNCOMPARED,
}


def look_at_broker(address: BrokerAddress, topology: Topology, management_url: str | None = None) -> BrokerFacts:
    """Everything that can be seen of the broker with this login. A broker that is away is a fact too: never raises."""
    parameters = connection_parameters(address, Role.ERRAND)
    login = _login(parameters.credentials)
    user = login.user if login else "of the certificate"
    bare = BrokerFacts(str(address), parameters.virtual_host, user, topology.prefix)
    try:
        # A queue without a leader, or a broker that hangs, leaves a blocking call without an answer for ever.
        seen = within(_PATIENCE_SECONDS, lambda: _asked(bare, address, topology))
    except BrokerUnreachable as exc:
        return replace(bare, fault=str(exc))
    if management_url is None:
        return seen
    return with_management(seen, ManagementApi(management_url, login, address.tls_ca))


def within(seconds: float, ask: Callable[[], _T]) -> _T:
    """Give what `ask` gives, or raise what it raises. Raises BrokerUnreachable when it takes too long."""
    answers: SimpleQueue[Callable[[], _T]] = SimpleQueue()

    def run() -> None:
        try:
            answered = ask()
        except BaseException as exc:  # noqa: BLE001 - whoever waits for it gets it
            answers.put(partial(_raised, exc))
        else:
            answers.put(lambda: answered)

    threading.Thread(target=run, name="doctor", daemon=True).start()
    try:
        return answers.get(timeout=seconds)()
    except Empty:
        raise BrokerUnreachable(f"the broker gave no whole answer within {seconds:g} s") from None


def _raised(error: BaseException) -> NoReturn:
    raise error


def _login(credentials: object) -> ManagementLogin | None:
    if not isinstance(credentials, PlainCredentials):
        return None
    return ManagementLogin(str(credentials.username), str(credentials.password))


def _asked(bare: BrokerFacts, address: BrokerAddress, topology: Topology) -> BrokerFacts:
    report = inspect_topology(address, topology, Mode.CHECK)
    found = {str(each.item): each for each in report.findings}
    with _errand(address) as connection:
        return replace(
            bare,
            version=_version(connection),
            queues=tuple(_queue(connection, each, topology, found[str(each)]) for each in topology.queues),
            exchanges=tuple(_exchange(each, found[str(each)]) for each in topology.exchanges),
            bindings=tuple(BindingFacts(each.exchange, each.queue, each.routing_key) for each in topology.bindings),
            rights=tuple(rights(connection, topology, report)),
            may_configure=may_configure(report),
        )


@contextmanager
def _errand(address: BrokerAddress) -> Iterator[Blocking]:
    try:
        connection = pika.BlockingConnection(connection_parameters(address, Role.ERRAND))
        try:
            yield connection
        finally:
            with suppress(AMQPError):
                connection.close()
    except (AMQPError, OSError) as exc:
        raise BrokerUnreachable(f"the broker at {address} cannot be asked: {words(exc)}") from exc


def _version(connection: Blocking) -> str | None:
    # pika offers no other way to what the broker said of itself.
    properties = connection._impl.server_properties or {}  # noqa: SLF001
    version = properties.get("version")
    return version.decode() if isinstance(version, bytes) else version


def _queue(connection: Blocking, queue: Queue, topology: Topology, found: SurveyFinding) -> QueueFacts:
    duties = {topology.unrouted: Duty.UNROUTED, topology.dead_letters: Duty.DEAD_LETTERS}
    ready, consumers = _counts(connection, queue.name)
    return QueueFacts(
        name=queue.name,
        duty=duties.get(queue.name, Duty.COMMANDS),
        wanted=queue.arguments,
        presence=_PRESENCE[found.condition],
        words=found.detail,
        ready=ready,
        consumer_count=consumers,
    )


def _counts(connection: Blocking, queue: str) -> tuple[int | None, int | None]:
    """How many messages are ready, and how many consumers there are."""
    answered: list[tuple[int, int]] = []

    def count(channel: Blocking) -> None:
        declared = channel.queue_declare(queue, passive=True).method
        answered.append((declared.message_count, declared.consumer_count))

    answer(connection, count)
    return answered[0] if answered else (None, None)


def _exchange(exchange: Exchange, found: SurveyFinding) -> ExchangeFacts:
    return ExchangeFacts(
        name=exchange.name,
        wanted_kind=exchange.kind.value,
        wanted=exchange.arguments,
        presence=_PRESENCE[found.condition],
        words=found.detail,
    )

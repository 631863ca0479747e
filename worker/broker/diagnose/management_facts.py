"""What the management API tells of our objects, added to what was seen over AMQP."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from worker.broker.diagnose.management_api import ManagementApi
from worker.doctor.facts import (
    BindingFacts,
    BrokerFacts,
    ConsumerFacts,
    ExchangeFacts,
    Management,
    PolicyFacts,
    QueueFacts,
)
from worker.errors import BrokerError


def with_management(seen: BrokerFacts, api: ManagementApi) -> BrokerFacts:
    """Add everything the API tells; what it does not tell stays None, and the first reason is kept. Never raises."""
    reading = _ManagementReading(api, seen)
    try:
        api.get("whoami")
    except BrokerError as exc:
        return replace(seen, management=Management(api.url, api.user, str(exc)))
    seen = replace(
        seen,
        queues=tuple(reading.queue(each) for each in seen.queues),
        exchanges=tuple(reading.exchange(each) for each in seen.exchanges),
        bindings=tuple(reading.binding(each) for each in seen.bindings),
        policies=reading.policies(),
        alarms=reading.alarms(),
        event_bindings=reading.event_bindings(),
    )
    return replace(seen, management=Management(api.url, api.user, reading.fault))


class _ManagementReading:
    """One round of questions; `fault` is why the first of those that failed did."""

    def __init__(self, api: ManagementApi, seen: BrokerFacts) -> None:
        self._api = api
        self._vhost = seen.vhost
        self._events = f"{seen.prefix}.events"
        self.fault = ""

    def queue(self, queue: QueueFacts) -> QueueFacts:
        """Its arguments, its leader, its consumers, and the dead letters it cannot get rid of."""
        told = self._get("queues", self._vhost, queue.name)
        if not isinstance(told, Mapping):
            return queue
        consumers = tuple(_consumer(each) for each in _maps(told.get("consumer_details")))
        return replace(
            queue,
            arguments=_arguments(told),
            has_leader=bool(told["leader"]) if "leader" in told else None,
            stuck=_count(told.get("messages_dlx")),
            consumers=consumers,
        )

    def exchange(self, exchange: ExchangeFacts) -> ExchangeFacts:
        """Its kind and its arguments."""
        told = self._get("exchanges", self._vhost, exchange.name)
        if not isinstance(told, Mapping):
            return exchange
        return replace(exchange, kind=str(told.get("type")), arguments=_arguments(told))

    def binding(self, binding: BindingFacts) -> BindingFacts:
        """Whether it is there."""
        told = self._get("queues", self._vhost, binding.queue, "bindings")
        if told is None:
            return binding
        found = {(each.get("source"), each.get("routing_key")) for each in _maps(told)}
        return replace(binding, present=(binding.exchange, binding.routing_key) in found)

    def policies(self) -> tuple[PolicyFacts, ...] | None:
        """Everybody's policies of this virtual host; None unless both kinds could be read."""
        users = self._get("policies", self._vhost)
        operators = self._get("operator-policies", self._vhost)
        if users is None or operators is None:
            return None
        ours = [_policy(each, operator=False) for each in _maps(users)]
        return (*ours, *(_policy(each, operator=True) for each in _maps(operators)))

    def alarms(self) -> tuple[str, ...] | None:
        """The alarms in effect, each as resource and node."""
        told = self._get("health", "checks", "alarms")
        if not isinstance(told, Mapping):
            return None
        if told.get("status") == "ok":
            return ()
        named = tuple(f"{each.get('resource')} on {each.get('node')}" for each in _maps(told.get("alarms")))
        return named or (str(told.get("reason")),)

    def event_bindings(self) -> int | None:
        """How many ways lead out of the events' exchange."""
        told = self._get("exchanges", self._vhost, self._events, "bindings", "source")
        return len(_maps(told)) if isinstance(told, list) else None

    def _get(self, *names: str) -> Any | None:  # noqa: ANN401 - see ManagementApi.get
        try:
            return self._api.get(*names)
        except BrokerError as exc:
            self.fault = self.fault or str(exc)
            return None


def _consumer(told: Mapping[str, Any]) -> ConsumerFacts:
    # Without a channel (it has just ended) the API writes an empty list here.
    channel = told.get("channel_details")
    channel = channel if isinstance(channel, Mapping) else {}
    return ConsumerFacts(
        tag=str(told.get("consumer_tag")),
        prefetch=_count(told.get("prefetch_count")) or 0,
        active=told.get("active") is not False,
        connection=str(channel.get("connection_name", "")),
        user=str(channel.get("user", "somebody")),
        priority=_count(_arguments(told).get("x-priority")) or 0,
    )


def _policy(told: Mapping[str, Any], *, operator: bool) -> PolicyFacts:
    definition = told.get("definition")
    return PolicyFacts(
        name=str(told.get("name")),
        operator=operator,
        pattern=str(told.get("pattern")),
        applies_to=str(told.get("apply-to", "all")),
        priority=_count(told.get("priority")) or 0,
        definition=definition if isinstance(definition, Mapping) else {},
    )


def _arguments(told: Mapping[str, Any]) -> Mapping[str, object]:
    # An empty table comes as an empty list.
    arguments = told.get("arguments")
    return dict(arguments) if isinstance(arguments, Mapping) else {}


def _maps(told: object) -> list[Mapping[str, Any]]:
    return [each for each in told if isinstance(each, Mapping)] if isinstance(told, Iterable) else []


def _count(told: object) -> int | None:
    return told if isinstance(told, int) else None

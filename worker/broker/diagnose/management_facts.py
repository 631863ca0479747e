"""What the management API says of our objects, added to what was seen over AMQP."""

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
    """Add what the management API answers; what it does not stays None with the first reason. Never raises."""
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
        answer = self._get("queues", self._vhost, queue.name)
        if not isinstance(answer, Mapping):
            return queue
        consumers = tuple(_consumer(each) for each in _maps(answer.get("consumer_details")))
        return replace(
            queue,
            arguments=_arguments(answer),
            has_leader=bool(answer["leader"]) if "leader" in answer else None,
            stuck=_count(answer.get("messages_dlx")),
            consumers=consumers,
        )

    def exchange(self, exchange: ExchangeFacts) -> ExchangeFacts:
        """Its kind and its arguments."""
        answer = self._get("exchanges", self._vhost, exchange.name)
        if not isinstance(answer, Mapping):
            return exchange
        return replace(exchange, kind=str(answer.get("type")), arguments=_arguments(answer))

    def binding(self, binding: BindingFacts) -> BindingFacts:
        """Whether it is there."""
        answer = self._get("queues", self._vhost, binding.queue, "bindings")
        if answer is None:
            return binding
        found = {(each.get("source"), each.get("routing_key")) for each in _maps(answer)}
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
        answer = self._get("health", "checks", "alarms")
        if not isinstance(answer, Mapping):
            return None
        if answer.get("status") == "ok":
            return ()
        named = tuple(f"{each.get('resource')} on {each.get('node')}" for each in _maps(answer.get("alarms")))
        return named or (str(answer.get("reason")),)

    def event_bindings(self) -> int | None:
        """How many ways lead out of the events' exchange."""
        answer = self._get("exchanges", self._vhost, self._events, "bindings", "source")
        return len(_maps(answer)) if isinstance(answer, list) else None

    def _get(self, *names: str) -> Any | None:  # noqa: ANN401 - see ManagementApi.get
        try:
            return self._api.get(*names)
        except BrokerError as exc:
            self.fault = self.fault or str(exc)
            return None


def _consumer(answer: Mapping[str, Any]) -> ConsumerFacts:
    # Without a channel (it has just ended) the API writes an empty list here.
    channel = answer.get("channel_details")
    channel = channel if isinstance(channel, Mapping) else {}
    return ConsumerFacts(
        tag=str(answer.get("consumer_tag")),
        prefetch=_count(answer.get("prefetch_count")) or 0,
        active=answer.get("active") is not False,
        connection=str(channel.get("connection_name", "")),
        user=str(channel.get("user", "somebody")),
        priority=_count(_arguments(answer).get("x-priority")) or 0,
    )


def _policy(answer: Mapping[str, Any], *, operator: bool) -> PolicyFacts:
    definition = answer.get("definition")
    return PolicyFacts(
        name=str(answer.get("name")),
        operator=operator,
        pattern=str(answer.get("pattern")),
        applies_to=str(answer.get("apply-to", "all")),
        priority=_count(answer.get("priority")) or 0,
        definition=definition if isinstance(definition, Mapping) else {},
    )


def _arguments(answer: Mapping[str, Any]) -> Mapping[str, object]:
    # An empty table comes as an empty list.
    arguments = answer.get("arguments")
    return dict(arguments) if isinstance(arguments, Mapping) else {}


def _maps(answer: object) -> list[Mapping[str, Any]]:
    return [each for each in answer if isinstance(each, Mapping)] if isinstance(answer, Iterable) else []


def _count(answer: object) -> int | None:
    return answer if isinstance(answer, int) else None

"""The thread that prints results, fed by a stand-in for the listener."""

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any, Self, cast

import pytest

from worker.broker.consume.listener import ExchangeListener, PublishedMessage
from worker.cli.commands.send.checking import Prepared
from worker.cli.commands.send.results import Results
from worker.errors import BrokerUnreachable

SECONDS = 60.0


class FakeListener:
    """Hears what a test puts into it."""

    def __init__(self) -> None:
        self.published: queue.Queue[bytes | Exception] = queue.Queue()
        self.bound: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def bind(self, key: str) -> None:
        self.bound.append(key)

    def receive(self, _silence_seconds: float) -> Iterator[PublishedMessage | None]:
        while True:
            try:
                body = self.published.get(timeout=0.001)
            except queue.Empty:
                yield None
                continue
            if isinstance(body, Exception):
                raise body
            yield PublishedMessage("key", None, {}, body)


@pytest.fixture
def listener() -> FakeListener:
    return FakeListener()


@pytest.fixture
def results(listener: FakeListener) -> Iterator[Results]:
    with Results(cast("ExchangeListener", listener)) as opened:
        yield opened


def command(identity: str, source: str = "billing") -> Prepared:
    return Prepared(identity, source, "CreateCustomer", b"{}")


def event(identity: str, kind: str = "CustomerCreated", source: str = "billing") -> bytes:
    return json.dumps({"type": kind, "data": {"command_id": identity, "command_source": source}}).encode()


def printed(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line)["data"]["command_id"] for line in capsys.readouterr().out.splitlines()]


def outcome(results: Results, seconds: float = SECONDS) -> tuple[int, int, tuple[str, ...]]:
    """How many succeeded and failed, and what is missing."""
    missing = results.wait(seconds)
    return results.succeeded, results.failed, missing


def test_results_are_printed_in_the_order_they_arrive(
    results: Results, listener: FakeListener, capsys: pytest.CaptureFixture[str]
) -> None:
    for identity in ("one", "two", "three"):
        results.expect(command(identity))
    for identity, kind in (("three", "CustomerCreated"), ("one", "CommandFailed"), ("two", "CustomerCreated")):
        listener.published.put(event(identity, kind))

    assert outcome(results) == (2, 1, ())
    assert printed(capsys) == ["three", "one", "two"]


def test_each_source_is_bound_before_its_command_may_be_sent(results: Results, listener: FakeListener) -> None:
    results.expect(command("one", "Billing EU"))
    assert listener.bound == ["*.billing-eu"]
    results.expect(command("two", "Billing EU"))
    results.expect(command("three", "crm"))
    results.expect(command("four", "s" * 255))
    assert listener.bound == ["*.billing-eu", "*.crm", "#"]


def test_what_is_not_ours_is_passed_over(
    results: Results, listener: FakeListener, capsys: pytest.CaptureFixture[str]
) -> None:
    results.expect(command("one"))
    for other in (event("other"), event("one", source="crm"), b"no json", b"[]", b'{"type": "X"}', event("one")):
        listener.published.put(other)

    assert outcome(results) == (1, 0, ())
    assert printed(capsys) == ["one"]


def test_a_result_published_twice_is_printed_once(
    results: Results, listener: FakeListener, capsys: pytest.CaptureFixture[str]
) -> None:
    results.expect(command("one"))
    listener.published.put(event("one"))
    assert outcome(results) == (1, 0, ())
    results.expect(command("one"))
    listener.published.put(event("one"))

    assert outcome(results) == (1, 0, ())
    assert printed(capsys) == ["one"]


def test_what_is_missing_is_named(results: Results) -> None:
    for identity in ("two", "one"):
        results.expect(command(identity))

    assert outcome(results, 0.0) == (0, 0, ("one", "two"))


def test_a_connection_that_breaks_is_reported_to_whoever_waits(results: Results, listener: FakeListener) -> None:
    results.expect(command("one"))
    listener.published.put(BrokerUnreachable("gone"))

    with pytest.raises(BrokerUnreachable, match="gone"):
        results.wait(SECONDS)
    with pytest.raises(BrokerUnreachable, match="gone"):
        results.expect(command("two", "crm"))


def test_the_thread_ends_with_the_sending(listener: FakeListener) -> None:
    with Results(cast("ExchangeListener", listener)):
        pass

    assert "results" not in {thread.name for thread in threading.enumerate()}

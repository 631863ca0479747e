"""What `send` says when a signal ends it, at whatever moment: what was confirmed, and what was under way."""

import signal
from pathlib import Path
from typing import Any, Self

import pytest

from worker.broker.publish.publisher import Publisher
from worker.cli.commands.send import command, publishing
from worker.cli.terminal.signals import Ended
from worker.domain.deliveries import Outgoing
from worker.errors import BrokerUnreachable

WHOLE = "ended by SIGTERM; 2 commands had been sent and confirmed"


def end(*_: object) -> None:
    """The signal comes here."""
    raise Ended(signal.SIGTERM)


class Interrupted(Publisher):
    """Confirms so many, and hears a signal in the midst of the next one, or when it is stopped."""

    def __init__(self, confirmed: int, *_: object, **__: object) -> None:
        self._left = confirmed

    def start(self) -> None:
        pass

    def publish(self, _message: Outgoing) -> None:
        if not self._left:
            end()
        self._left -= 1

    def stop(self, deadline_seconds: float = 5.0) -> bool:
        if not self._left:
            end()
        return deadline_seconds > 0


class Results:
    """Hears nothing, and ends when it is left."""

    def __init__(self, *_: object) -> None:
        self._expected: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        end()

    def expect(self, prepared: Any) -> None:  # noqa: ANN401 - whatever is sent
        self._expected.append(prepared.id)

    def missing(self) -> tuple[str, ...]:
        return tuple(self._expected)

    def wait(self, _: float) -> Any:  # noqa: ANN401 - never returned
        return end()


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Two commands."""
    envelope = (
        '{{"specversion": "1.0", "id": "evt_{}", "source": "billing", "type": "DisableCustomer",'
        ' "subject": "a@example.com", "data": {{"username": "a@example.com"}}}}'
    )
    path = tmp_path / "commands.jsonl"
    path.write_text("\n".join(envelope.format(number) for number in range(2)))
    return str(path)


def ended(monkeypatch: pytest.MonkeyPatch, file: str, confirmed: int, *, wait: bool = False) -> str:
    monkeypatch.setattr(publishing, "Publisher", lambda *_, **__: Interrupted(confirmed))
    monkeypatch.setattr(command, "Results", Results)
    with pytest.raises(Ended) as caught:
        command.send(file, wait=wait)
    return str(caught.value)


def test_the_command_that_was_under_way_is_named_and_what_to_do_about_it(
    monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    assert ended(monkeypatch, file, 1) == (
        "ended by SIGTERM; 1 command had been sent and confirmed, and evt_1 was under way: it may have arrived, "
        "and can be sent again under the same id"
    )


def test_when_the_publisher_is_being_stopped_everything_was_sent(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    assert ended(monkeypatch, file, 2) == WHOLE


def test_while_the_last_line_is_reported_everything_was_sent(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setattr(command, "say", end)

    assert ended(monkeypatch, file, 3) == WHOLE


def test_while_results_are_awaited_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    assert ended(monkeypatch, file, 3, wait=True) == f"{WHOLE}; no result yet for evt_0, evt_1"


def test_before_the_first_nothing_was_sent(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    monkeypatch.setattr(command, "load", end)

    assert ended(monkeypatch, file, 0) == "ended by SIGTERM; nothing was sent"


class Deaf(Results):
    """Loses its connection before the command with this id, or while results are awaited."""

    before = ""

    def expect(self, prepared: Any) -> None:  # noqa: ANN401 - whatever is sent
        super().expect(prepared)
        if prepared.id == self.before:
            raise BrokerUnreachable("gone")

    def wait(self, _: float) -> Any:  # noqa: ANN401 - never returned
        raise BrokerUnreachable("gone")

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("evt_0", "cannot be used: gone; no command was confirmed"),
        ("evt_1", "cannot be used: gone; 1 command sent and confirmed"),
        ("", "gone; 2 commands had been sent and confirmed; no result yet for evt_0, evt_1"),
    ],
)
def test_results_that_cannot_be_received_any_more_hide_nothing_that_was_sent(
    monkeypatch: pytest.MonkeyPatch, file: str, before: str, message: str
) -> None:
    monkeypatch.setattr(publishing, "Publisher", lambda *_, **__: Interrupted(3))
    monkeypatch.setattr(command, "Results", Deaf)
    monkeypatch.setattr(Deaf, "before", before)

    with pytest.raises(BrokerUnreachable) as caught:
        command.send(file, wait=True)

    assert str(caught.value).endswith(message)

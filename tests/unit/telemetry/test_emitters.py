"""An emitter that sets what the broker acts on is named once, and counted each time."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.logged import Logged
from tests.unit.telemetry.test_recorder import DELIVERY
from worker.domain.deliveries import Delivery, Properties, Receipt
from worker.pipeline.reading import read, risks
from worker.provider.calls import login_of
from worker.telemetry import recorder
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder


class TelemetryRig:
    """What is reported of deliveries whose properties the broker acts on."""

    def __init__(self) -> None:
        self.metrics, self.logged = Metrics("1.2.3"), Logged()
        self.recorder = Recorder(self.metrics, self.logged.log, lambda subject: subject)

    def arrives(self, delivery: Delivery = DELIVERY, **properties: Any) -> None:  # noqa: ANN401 - Properties' own
        """Have a delivery arrive with these properties."""
        changed = replace(delivery, properties=replace(delivery.properties, **properties))
        for risk in risks(read(changed, lambda *_: (b"",), login_of)):
            self.recorder.emit(risk)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return self.logged.entries

    def count(self, name: str) -> float | None:
        return self.metrics.registry.get_sample_value("provisioning_risky_properties_total", {"property": name})


@pytest.fixture
def rig() -> TelemetryRig:
    return TelemetryRig()


def test_an_expiration_is_reported_once_for_its_source_and_counted_each_time(rig: TelemetryRig) -> None:
    for _ in range(3):
        rig.arrives(expiration="60000")

    (line,) = rig.lines
    assert (line["event"], line["command_source"], line["value"]) == ("command_may_expire", "billing", "60000")
    assert "no event answers it" in line["detail"]
    assert rig.count("expiration") == 3


@pytest.mark.parametrize(
    ("priority", "words"), [(5, "before earlier ones"), (255, "before earlier ones"), (0, "4.3"), (3, "4.3")]
)
def test_a_priority_that_changes_places_comes_with_what_to_do(rig: TelemetryRig, priority: int, words: str) -> None:
    rig.arrives(priority=priority)

    (line,) = rig.lines
    assert (line["event"], line["value"]) == ("command_may_change_places", str(priority))
    assert words in line["detail"]
    assert line["detail"].endswith("Have the emitter set none.")
    assert rig.count("priority") == 1


def test_the_usual_priority_and_none_are_no_trouble(rig: TelemetryRig) -> None:
    rig.arrives()
    rig.arrives(priority=4)

    assert rig.lines == []
    assert (rig.count("priority"), rig.count("expiration")) == (0, 0)


def test_both_properties_and_each_source_are_distinguished(rig: TelemetryRig) -> None:
    other = replace(DELIVERY, body=DELIVERY.body.replace(b"billing", b"shop"))
    for delivery in (DELIVERY, other, DELIVERY, other):
        rig.arrives(delivery, expiration="1", priority=9)

    assert [(line["command_source"], line["property"]) for line in rig.lines] == [
        ("billing", "expiration"),
        ("billing", "priority"),
        ("shop", "expiration"),
        ("shop", "priority"),
    ]


def test_a_message_that_is_no_command_is_named_as_far_as_it_can_be(rig: TelemetryRig) -> None:
    broken = Delivery(b"\xff", Properties(expiration="5"), False, Receipt(1, 1), "x", "k", 0.0)
    rig.arrives(broken)
    rig.arrives(broken, app_id="legacy")

    assert [line["command_source"] for line in rig.lines] == ["unknown", "legacy"]


def test_what_is_parked_is_not_counted_again_when_its_turn_comes(rig: TelemetryRig) -> None:
    rig.arrives(replace(DELIVERY, receipt=Receipt.of_parked(1)), expiration="1")

    assert rig.lines == []
    assert rig.count("expiration") == 0


def test_sources_without_end_are_counted_and_not_reported(rig: TelemetryRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_MOST_LOGGED_ONCE", 2)
    for number in range(4):
        rig.arrives(replace(DELIVERY, body=DELIVERY.body.replace(b"billing", b"b%d" % number)), expiration="1")

    assert len(rig.lines) == 2
    assert rig.count("expiration") == 4

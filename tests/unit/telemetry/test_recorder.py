"""One settled delivery is one log line and the right counts."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from messages.errors import CommandName, Invalid, Undecodable
from messages.results import Outcome, Reason
from tests.support.logged import Logged
from worker.domain.dead_letters import DeadLetter
from worker.domain.deliveries import Delivery, Destination, Outgoing, Properties, Receipt
from worker.domain.telemetry import (
    CommandRetried,
    CommandSettled,
    CommandUnpublishable,
    HandlerCrashed,
    MessagePublished,
    TelemetryEvent,
    settled,
)
from worker.domain.work import Publication, RetryCause, Work
from worker.pipeline.reading import read
from worker.provider.calls import login_of
from worker.telemetry.metrics import Metrics
from worker.telemetry.recorder import Recorder

BODY = json.dumps(
    {
        "specversion": "1.0",
        "type": "RotateCredential",
        "source": "billing",
        "id": "evt_1",
        "subject": "cus_42",
        "time": "2026-11-21T09:30:00Z",
        "data": {"username": "ada@example.com", "credential_name": "mailer", "new_credential_password": "pl4nted"},
    }
).encode()
#: Twelve seconds after the command was sent.
NOW = datetime(2026, 11, 21, 9, 30, 12, tzinfo=UTC).timestamp()
DELIVERY = Delivery(BODY, Properties(content_type="application/cloudevents+json"), False, Receipt(1, 1), "x", "k", 0.0)


class Observed:
    """A recorder with what it wrote."""

    def __init__(self) -> None:
        self.logged = Logged()
        self.metrics = Metrics("0")
        self.recorder = Recorder(self.metrics, self.logged.log, lambda subject: subject)

    @property
    def line(self) -> dict[str, object]:
        return dict(self.logged.entries[0])

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


def work() -> Work:
    return read(DELIVERY, lambda *_: (b"",), login_of)


def report(outcome: Outcome = Outcome.APPLIED) -> CommandSettled:
    return CommandSettled(work(), outcome, None, "", 1, 0.25, NOW)


def failed(work: Work, reason: Reason, outcome: Outcome = Outcome.FAILED) -> CommandSettled:
    """What the pipeline reports of a command whose dead letter has this reason."""
    return settled(work, Publication(None, DeadLetter("letter-1", reason, {}), outcome), 0.25, NOW)


def test_a_success_is_counted_timed_and_logged_with_its_ids() -> None:
    seen = Observed()

    seen.recorder.emit(report())

    assert seen.value("provisioning_commands_total", command="RotateCredential", outcome="applied") == 1
    assert seen.value("provisioning_command_seconds_sum", command="RotateCredential") == 0.25
    assert seen.value("provisioning_last_applied_timestamp_seconds") == NOW
    assert seen.line["command_id"] == "evt_1"
    assert seen.line["correlation_id"] == "evt_1"
    assert (seen.line["outcome"], seen.line["attempts"]) == ("applied", 1)


def test_a_time_that_was_dropped_is_reported_in_the_line_and_counts_as_no_wait() -> None:
    seen = Observed()
    untimely = replace(DELIVERY, body=BODY.replace(b"2026-11-21T09:30:00Z", b"noon"))

    seen.recorder.emit(replace(report(), work=read(untimely, lambda *_: (b"",), login_of)))

    assert str(seen.line["dropped"]).startswith("time: names no moment")
    assert seen.line["wait_seconds"] is None
    assert seen.value("provisioning_command_wait_seconds_count", command="RotateCredential") is None


def test_a_failure_counts_its_dead_letter_and_a_repeat_of_it_does_not() -> None:
    seen = Observed()

    seen.recorder.emit(failed(work(), Reason.PROVIDER_REJECTED))
    seen.recorder.emit(failed(work(), Reason.PROVIDER_REJECTED, Outcome.DUPLICATE))

    labels = {"command": "RotateCredential", "reason": "provider_rejected"}
    assert seen.value("provisioning_dead_letters_total", **labels) == 1
    assert seen.value("provisioning_commands_total", command="RotateCredential", outcome="duplicate") == 1


def test_the_wait_is_measured_from_the_envelopes_time() -> None:
    seen = Observed()

    seen.recorder.emit(report())

    assert seen.value("provisioning_command_wait_seconds_sum", command="RotateCredential") == 11.75
    assert seen.line["wait_seconds"] == 11.75


def test_what_the_broker_can_never_take_is_an_error_that_names_the_command_and_what_to_do() -> None:
    seen = Observed()

    seen.recorder.emit(CommandUnpublishable(work(), "raise `max_message_size`"))

    assert (seen.line["event"], seen.line["level"]) == ("command_unpublishable", "error")
    assert (seen.line["command_id"], seen.line["detail"]) == ("evt_1", "raise `max_message_size`")


def test_no_secret_of_the_command_is_logged() -> None:
    seen = Observed()

    seen.recorder.emit(report())
    seen.recorder.emit(HandlerCrashed(work(), ValueError("a fault of ours")))

    assert "pl4nted" not in seen.logged.text


def test_a_message_that_names_no_command_is_logged_by_its_message_id() -> None:
    seen = Observed()
    delivery = replace(DELIVERY, properties=Properties(message_id="m-1"))

    seen.recorder.emit(failed(Work(delivery, Undecodable(["no"]), ()), Reason.UNDECODABLE))

    assert seen.line["message_id"] == "m-1"
    assert seen.value("provisioning_commands_total", command="unknown", outcome="failed") == 1


@pytest.mark.parametrize(("named", "label"), [("DisableCustomer", "DisableCustomer"), ("Nonsense", "unknown")])
def test_a_refused_message_is_labelled_by_its_type_only_if_it_is_a_known_one(named: str, label: str) -> None:
    seen = Observed()
    refused = Work(DELIVERY, Invalid(["no"], CommandName("billing", "evt_1", named)), ())

    seen.recorder.emit(failed(refused, Reason.INVALID))

    assert seen.value("provisioning_dead_letters_total", command=label, reason="invalid") == 1


@pytest.mark.parametrize(("charged", "label"), [(True, "yes"), (False, "no")])
def test_a_retry_is_counted_with_its_cause_and_whether_it_was_charged(charged: bool, label: str) -> None:
    seen = Observed()

    seen.recorder.emit(CommandRetried(work(), RetryCause.UNKNOWN, charged, "no answer", 1.5))

    labels = {"command": "RotateCredential", "cause": "unknown", "charged": label}
    assert seen.value("provisioning_retries_total", **labels) == 1
    assert seen.line["delay_seconds"] == 1.5


def fails(*_: object) -> Any:  # noqa: ANN401 - it has no answer
    raise RuntimeError("a fault of ours")


@pytest.mark.parametrize("event", [report(), CommandRetried(work(), RetryCause.UNKNOWN, False, "no answer", 1.5)])
def test_nothing_that_is_only_reported_raises(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, event: TelemetryEvent
) -> None:
    seen = Observed()
    for instrument in seen.metrics.instruments.values():
        monkeypatch.setattr(instrument, "labels", fails)

    Recorder(seen.metrics, seen.logged.log, lambda subject: subject).emit(event)

    assert [record.message for record in caplog.records] == [f"{type(event).__name__} could not be told"]


@pytest.mark.parametrize(("confirmed", "result"), [(True, "confirmed"), (False, "failed")])
@pytest.mark.parametrize(
    ("destination", "name"), [(Destination.EVENTS, "CustomerCreated"), (Destination.DEAD_LETTERS, "dead_letter")]
)
def test_a_message_is_counted_and_timed_by_its_kind_and_what_became_of_it(
    confirmed: bool, result: str, destination: Destination, name: str
) -> None:
    seen = Observed()
    message = Outgoing(destination, "key", b"", Properties(type="CustomerCreated"))

    seen.recorder.emit(MessagePublished(message, 0.1, confirmed))

    assert seen.value("provisioning_events_published_total", event=name, result=result) == 1
    assert seen.value("provisioning_publish_confirm_seconds_sum", event=name, result=result) == 0.1

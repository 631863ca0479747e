"""A survey asks, judges the answers, and names what a person has to do; no broker is needed for that."""

from collections.abc import Callable

import pytest

from worker.broker.topology.model import Binding, Queue, Topology
from worker.broker.topology.survey import (
    Condition,
    Mode,
    Reply,
    Survey,
    SurveyAnswer,
    SurveyFinding,
    SurveyRequest,
    survey,
)
from worker.errors import TopologyMismatch

TOPOLOGY = Topology("p")
OK = SurveyAnswer(Reply.OK)
ABSENT = SurveyAnswer(Reply.NOT_FOUND, "NOT_FOUND - no queue")
FORBIDDEN = SurveyAnswer(Reply.ACCESS_REFUSED, "ACCESS_REFUSED - access refused")
OTHER = SurveyAnswer(Reply.PRECONDITION_FAILED, "inequivalent arg 'x-overflow' for queue 'p.commands.00': received ...")


def run(mode: Mode, answer: Callable[[SurveyRequest], SurveyAnswer]) -> tuple[Survey, list[SurveyRequest]]:
    script = survey(TOPOLOGY, mode)
    asked = [next(script)]
    while True:
        try:
            asked.append(script.send(answer(asked[-1])))
        except StopIteration as end:
            return end.value, asked


def conditions(report: Survey) -> set[Condition]:
    return {found.condition for found in report.findings}


def commands_queue(report: Survey) -> SurveyFinding:
    return next(found for found in report.findings if str(found.item) == "queue p.commands.00")


def test_looking_never_declares_anything() -> None:
    report, asked = run(Mode.LOOK, lambda _request: ABSENT)

    assert all(request.passive for request in asked)
    assert conditions(report) == {Condition.MISSING, Condition.UNCHECKED}


def test_checking_never_declares_what_is_missing() -> None:
    _report, asked = run(Mode.CHECK, lambda _request: ABSENT)

    assert all(request.passive for request in asked)


def test_checking_compares_the_arguments_of_what_is_there() -> None:
    report, asked = run(Mode.CHECK, lambda request: OK if request.passive else OTHER)

    assert any(not request.passive for request in asked)
    assert commands_queue(report).condition is Condition.DIFFERS


def test_applying_distinguishes_what_it_declared_from_what_was_there() -> None:
    def answer(request: SurveyRequest) -> SurveyAnswer:
        return ABSENT if request.passive and isinstance(request.item, Queue) else OK

    report, _asked = run(Mode.APPLY, answer)

    assert {found.condition for found in report.findings if isinstance(found.item, Queue)} == {Condition.DECLARED}
    assert {found.condition for found in report.findings if not isinstance(found.item, Queue)} == {Condition.PRESENT}


def test_bindings_are_only_made_when_applying() -> None:
    _report, looked = run(Mode.CHECK, lambda _request: OK)
    _report, applied = run(Mode.APPLY, lambda _request: OK)

    assert not any(isinstance(request.item, Binding) for request in looked)
    assert sum(isinstance(request.item, Binding) for request in applied) == len(TOPOLOGY.bindings)


def test_restoring_leaves_alone_what_is_there() -> None:
    report, asked = run(Mode.RESTORE, lambda _request: OK)

    assert all(request.passive or isinstance(request.item, Binding) for request in asked)
    assert conditions(report) == {Condition.PRESENT}
    assert len(asked) == len(list(TOPOLOGY))


def test_restoring_declares_what_is_missing_and_binds_it() -> None:
    report, asked = run(Mode.RESTORE, lambda request: ABSENT if request.passive else OK)

    assert {str(found.item) for found in report.findings if found.condition is Condition.DECLARED} == {
        str(item) for item in (*TOPOLOGY.exchanges, *TOPOLOGY.queues)
    }
    assert sum(isinstance(request.item, Binding) for request in asked) == len(TOPOLOGY.bindings)


def test_a_login_that_may_not_restore_takes_what_it_cannot_see_for_there() -> None:
    report, _asked = run(Mode.RESTORE, lambda _request: FORBIDDEN)

    assert conditions(report) == {Condition.UNCHECKED}


def test_a_login_that_may_not_look_is_no_fault() -> None:
    report, _asked = run(Mode.LOOK, lambda _request: FORBIDDEN)

    assert conditions(report) == {Condition.UNCHECKED}
    report.require_sound()


def test_a_login_that_may_not_declare_can_use_what_is_there() -> None:
    report, _asked = run(Mode.APPLY, lambda request: OK if request.passive else FORBIDDEN)

    assert Condition.DIFFERS not in conditions(report)
    assert commands_queue(report).condition is Condition.UNCHECKED


def test_what_is_missing_and_may_not_be_declared_is_a_fault() -> None:
    report, _asked = run(Mode.APPLY, lambda request: ABSENT if request.passive else FORBIDDEN)

    assert commands_queue(report).condition is Condition.MISSING
    assert "configure" in commands_queue(report).detail


def test_a_difference_names_object_argument_and_remedy() -> None:
    report, _asked = run(Mode.APPLY, lambda request: OK if request.passive else OTHER)

    with pytest.raises(TopologyMismatch) as raised:
        report.require_sound()
    for word in ("queue p.commands.00", "x-overflow", "delete it", "PROVISIONING_AMQP__PREFIX"):
        assert word in str(raised.value)


def test_a_sound_report_raises_nothing() -> None:
    report, _asked = run(Mode.APPLY, lambda _request: OK)

    report.require_sound()
    assert conditions(report) == {Condition.PRESENT}


@pytest.mark.parametrize("mode", list(Mode))
def test_a_survey_reports_how_many_messages_are_ready_in_each_queue_that_it_could_ask(mode: Mode) -> None:
    refused, *others = (queue.name for queue in TOPOLOGY.queues)

    def answer(request: SurveyRequest) -> SurveyAnswer:
        if not isinstance(request.item, Queue):
            return OK
        return FORBIDDEN if request.item.name == refused else SurveyAnswer(Reply.OK, ready=7)

    report, _asked = run(mode, answer)

    assert report.depths == dict.fromkeys(others, 7)

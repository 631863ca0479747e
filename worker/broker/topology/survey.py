"""What a look at the broker's topology found, object by object, and what a person does about it."""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from worker.broker.topology.model import Binding, Exchange, Item, Queue, Topology
from worker.errors import TopologyMismatch


class Mode(StrEnum):
    """How much a survey may do."""

    LOOK = "look"
    """Only ask whether each object is there: needs the fewest rights and changes nothing."""
    CHECK = "check"
    """Compare arguments too, by declaring again what is there, which changes nothing."""
    APPLY = "apply"
    """Declare what is missing, and compare the arguments of what is there."""
    RESTORE = "restore"
    """Declare what is missing and leave alone what is there: cheap enough to be repeated while the worker runs."""


class Condition(StrEnum):
    """What was found out about one object."""

    PRESENT = "present"
    DECLARED = "declared"
    MISSING = "missing"
    DIFFERS = "differs"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class SurveyFinding:
    """One object's condition; `detail` is in the broker's words, with what to do next where something must be done."""

    item: Item
    condition: Condition
    detail: str = ""
    ready: int | None = None
    """A queue's messages, without those delivered and unacknowledged, and dead letters still being handed over."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything a survey found."""

    findings: tuple[SurveyFinding, ...]

    @property
    def faults(self) -> tuple[SurveyFinding, ...]:
        """What keeps the worker from working."""
        return tuple(found for found in self.findings if found.condition in (Condition.MISSING, Condition.DIFFERS))

    @property
    def depths(self) -> Mapping[str, int]:
        """Messages ready in each queue; one that could not be asked is missing."""
        return {
            found.item.name: found.ready
            for found in self.findings
            if isinstance(found.item, Queue) and found.ready is not None
        }

    def require_sound(self) -> None:
        """Raise TopologyMismatch that names every object that is missing or differs."""
        if self.faults:
            raise TopologyMismatch("; ".join(f"{found.item}: {found.detail}" for found in self.faults))


class Reply(IntEnum):
    """The broker's answers that mean something here (AMQP reply codes)."""

    OK = 200
    ACCESS_REFUSED = 403
    NOT_FOUND = 404
    PRECONDITION_FAILED = 406


#: After these answers to the first look nothing more is asked about an exchange or a queue.
_SETTLED_BY_LOOKING = {
    Mode.LOOK: frozenset({Reply.OK, Reply.NOT_FOUND, Reply.ACCESS_REFUSED}),
    Mode.CHECK: frozenset({Reply.NOT_FOUND, Reply.ACCESS_REFUSED}),
    Mode.APPLY: frozenset[Reply](),
    Mode.RESTORE: frozenset({Reply.OK, Reply.ACCESS_REFUSED}),
}


@dataclass(frozen=True, slots=True)
class SurveyRequest:
    """One question to the broker: is it there (`passive`), or declare it."""

    item: Item
    passive: bool


@dataclass(frozen=True, slots=True)
class SurveyAnswer:
    """The broker's answer: Reply.OK with a queue's ready messages, or the code and words it closed the channel with."""

    code: int
    words: str = ""
    ready: int | None = None


Script = Generator[SurveyRequest, SurveyAnswer, SurveyFinding]


def survey(topology: Topology, mode: Mode) -> Generator[SurveyRequest, SurveyAnswer, Survey]:
    """Ask about each object in turn. Does no I/O: its caller sends each yielded request and returns the answer."""
    findings = []
    for item in topology:
        finding = yield from (_bind(item, mode) if isinstance(item, Binding) else _examine(item, mode))
        findings.append(finding)
    return Survey(tuple(findings))


def _examine(item: Item, mode: Mode) -> Script:
    seen = yield SurveyRequest(item, passive=True)
    if seen.code not in (Reply.OK, Reply.NOT_FOUND, Reply.ACCESS_REFUSED):
        return SurveyFinding(item, Condition.DIFFERS, seen.words)
    if seen.code in _SETTLED_BY_LOOKING[mode]:
        return _judge_look(item, seen)
    declared = yield SurveyRequest(item, passive=False)
    return _judge_declaration(item, seen, declared)


def _bind(item: Binding, mode: Mode) -> Script:
    if mode not in (Mode.APPLY, Mode.RESTORE):
        return SurveyFinding(item, Condition.UNCHECKED, "AMQP has no way to ask for a binding; the management API has")
    bound = yield SurveyRequest(item, passive=False)
    return _judge_declaration(item, SurveyAnswer(Reply.OK), bound)


def _judge_look(item: Item, seen: SurveyAnswer) -> SurveyFinding:
    if seen.code == Reply.OK:
        return SurveyFinding(item, Condition.PRESENT, ready=seen.ready)
    if seen.code == Reply.NOT_FOUND:
        return SurveyFinding(item, Condition.MISSING, f"{seen.words}. Run `provisioning-worker topology apply`")
    return SurveyFinding(item, Condition.UNCHECKED, seen.words)


def _judge_declaration(item: Item, seen: SurveyAnswer, declared: SurveyAnswer) -> SurveyFinding:
    if declared.code == Reply.OK:
        condition = Condition.DECLARED if seen.code == Reply.NOT_FOUND else Condition.PRESENT
        return SurveyFinding(item, condition, ready=declared.ready)
    if declared.code == Reply.PRECONDITION_FAILED:
        return SurveyFinding(item, Condition.DIFFERS, _difference(item, declared.words))
    if declared.code == Reply.ACCESS_REFUSED and seen.code == Reply.OK:
        # A login without the configure right may not even repeat a declaration; the object itself is there.
        return SurveyFinding(item, Condition.UNCHECKED, f"its arguments could not be compared: {declared.words}")
    return SurveyFinding(
        item, Condition.MISSING, f"{declared.words}. Declare it with a login that has the configure right"
    )


def _difference(item: Item, words: str) -> str:
    argument = re.search(r"inequivalent arg '([^']+)'", words)
    subject = f"its argument {argument[1]} is not the worker's" if argument else "it is not as the worker declares it"
    if isinstance(item, Exchange):
        remedy = f"Run `provisioning-worker topology apply --replace {item.name}` when nobody publishes to it"
    else:
        remedy = "Let it run empty and delete it, then run `provisioning-worker topology apply`"
    return f"{subject} ({words}). {remedy}, or choose another PROVISIONING_AMQP__PREFIX"

"""One command in hand, and the states it passes through.

    state      becomes    when
    (new)      BLOCKED    it is delivered, or taken over from the ledger
    BLOCKED    READY      it is first in all of its lanes
    READY      RUNNING    a slot is free; for a quarantined job, once nothing else runs
    READY      BLOCKED    another comes to stand before it
    RUNNING    GONE       it is settled
    RUNNING    WAITING    it is to be tried again at a time, or as soon as the broker takes what it publishes
    RUNNING    READY      it is to be quarantined, or it was parked while it ran and its place is left to be cleared
    WAITING    READY      its time has come
    WAITING    BLOCKED    its time has come, and another has come to stand before it
    WAITING    GONE       the broker has taken what it publishes

A job whose connection is lost goes from every state but RUNNING to GONE: the broker brings its delivery again, as a new
job. While it runs it keeps its lanes, so that its repetition waits behind it.

Who holds the command is kept apart from its state: the broker (its delivery is unsettled), the ledger (it is parked
there), or nobody (its connection is lost, or it was given up to other processes).
"""

from dataclasses import dataclass
from enum import StrEnum

from messages.envelope import Envelope
from worker.domain.claims import Fresh, Resumed
from worker.domain.deliveries import Outgoing
from worker.domain.endings import Deferral, Finished, Refusal
from worker.domain.work import Parked, Publication, Requested, Work
from worker.pipeline.stages import Stage


class JobState(StrEnum):
    """Where a job stands. Written by the scheduler and its run queue."""

    BLOCKED = "blocked"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    GONE = "gone"


class Holder(StrEnum):
    """Who has the command should this process end now."""

    BROKER = "broker"
    LEDGER = "ledger"
    NOBODY = "nobody"


@dataclass(slots=True, eq=False)
class Job:
    """A command with its place in the lanes. All but `pending` and `refused` is changed under the dispatcher's lock.

    `blockers`: the lanes in which another stands before it. `ready_number`: when it became ready, counted among all.
    `quarantined`: it runs with nothing beside it; `crashes`: so many processes died while they ran it so. `overtook`:
    it runs before some that come first, now that they are known. `parked_as`: it was parked there while it ran.
    `answered`: only its place in the ledger is left to be cleared. `unparkable`: the ledger did not take it when it was
    to be parked. `pending`: the run to go on with, at the stage where it failed; None: the next one begins anew.
    `refused`: how often the ledger did not take what it was given of this job.
    """

    work: Work | Parked
    state: JobState = JobState.BLOCKED
    holder: Holder = Holder.BROKER
    blockers: int = 0
    ready_number: int = 0
    quarantined: bool = False
    crashes: int = 0
    overtook: bool = False
    parked_as: Parked | None = None
    answered: bool = False
    unparkable: bool = False
    pending: "Run | None" = None
    refused: int = 0

    @property
    def is_running(self) -> bool:
        """Whether it has a turn."""
        return self.state is JobState.RUNNING

    @property
    def is_lost(self) -> bool:
        """Whether its connection is lost: its delivery comes again."""
        return self.holder is Holder.NOBODY


@dataclass(slots=True, eq=False)
class Run:
    """One way of a job through the stages, and what they have made of it so far.

    `stage`: the one that it is in, or is to be tried again. `started_at` is monotonic seconds. `work` is None until a
    parked command is fetched. `is_unstorable`: its result says that the ledger could not hold the first one.
    `messages`: what is to be published, of which the first `confirmed` are.
    """

    job: Job
    stage: Stage
    started_at: float
    work: Work | None = None
    claim: Fresh | Resumed | None = None
    refusal: Refusal | None = None
    result: Finished | Deferral | None = None
    is_unstorable: bool = False
    publication: Publication | None = None
    messages: tuple[Outgoing, ...] = ()
    confirmed: int = 0


def work_of(run: Run) -> Work:
    """What is run: from the claim on it is known."""
    if run.work is None:
        raise AssertionError("a parked command is fetched before it is claimed")
    return run.work


def envelope_of(run: Run) -> Envelope:
    """The command that is run."""
    content = work_of(run).content
    if not isinstance(content, Requested):
        raise TypeError("a message that is no command is refused instead of being claimed")
    return content.envelope


def claim_of(run: Run) -> Fresh | Resumed:
    """The claim by which it is run: from the attempt on it is there."""
    if run.claim is None:
        raise AssertionError("a command is claimed before it is attempted")
    return run.claim

"""The provider fails in every way that it can."""

from collections.abc import Iterator
from functools import partial

from sandbox.provider.faults import Fault, FaultRule, ThrottleHeaders
from tests.fault.experiments.experiment import Experiment, Setting
from tests.fault.experiments.running import Kind
from tests.support.waiting import wait_for

#: So many of the calls go wrong while the fault is in force.
_SHARE = 0.3
_CALLS, _STORM = 1, 6
_PATIENCE_SECONDS = 240.0
#: Longer than the worker's patience with one call (2 s), and shorter than that and the time it then lets pass.
_SLOW_SECONDS = 2.2
#: Between its hints and its answer: who takes the hints for the answer uses the connection again meanwhile.
_THINKING_SECONDS = 0.2
_PATIENT = Setting(changes={"PROVIDER__SETTLE_SECONDS": "2", "PROVIDER__TIMEOUT_SECONDS": "2"})


def some_calls(rule: FaultRule, experiment: Experiment) -> None:
    """Some calls go wrong, and some do not, until the commands have come through it all the same."""
    seed = experiment.rng.getrandbits(32)
    _inject(experiment, rule.model_copy(update={"probability": _SHARE, "seed": seed}))
    experiment.await_befallen(_CALLS)
    wait_for(experiment.is_quiet, "the end of all that was published", _PATIENCE_SECONDS)


def all_calls(rule: FaultRule, cause: str, experiment: Experiment) -> None:
    """Every call goes wrong until the worker pauses."""
    _inject(experiment, rule)
    experiment.await_paused(cause)


def storm(headers: ThrottleHeaders, applied: bool, experiment: Experiment) -> None:
    """The provider's limit is reached again and again."""
    _inject(experiment, FaultRule(fault=Fault.THROTTLED, headers=headers, applied=applied, every=2, times=_STORM))
    experiment.await_befallen(_STORM)


def _inject(experiment: Experiment, rule: FaultRule) -> None:
    experiment.on_heal(experiment.installation.sandbox.clear_faults)
    experiment.installation.sandbox.inject(rule)
    experiment.publish_all()


def _partly() -> dict[str, FaultRule]:
    """Rules by the words for them."""
    return {
        "applies, then hangs up": FaultRule(fault=Fault.APPLY_THEN_DROP),
        "applies, then resets": FaultRule(fault=Fault.RESET),
        "hangs up before it applies": FaultRule(fault=Fault.DROP_BEFORE),
        "500, not applied": FaultRule(fault=Fault.ERROR_500),
        "500, applied": FaultRule(fault=Fault.ERROR_500, applied=True),
        "a page instead of an answer": FaultRule(fault=Fault.HTML),
        "a page instead of an answer, applied": FaultRule(fault=Fault.HTML, applied=True),
        "truncated answers": FaultRule(fault=Fault.TRUNCATED),
        "garbled answers": FaultRule(fault=Fault.GARBLED),
        "empty answers": FaultRule(fault=Fault.EMPTY, applied=True),
        "redirects": FaultRule(fault=Fault.REDIRECT),
    }


def kinds() -> Iterator[Kind]:
    """All of this room."""
    for words, rule in _partly().items():
        yield Kind(f"provider: {words}", partial(some_calls, rule))
    hints = FaultRule(fault=Fault.EARLY_HINTS)
    yield Kind(
        "provider: early hints before the answer", partial(some_calls, hints), Setting(latency=_THINKING_SECONDS)
    )
    slow = FaultRule(fault=Fault.SLOW, delay_seconds=_SLOW_SECONDS)
    yield Kind("provider: slower than our patience", partial(some_calls, slow), _PATIENT)
    yield Kind("provider: outage", partial(all_calls, FaultRule(fault=Fault.OUTAGE), "outage"))
    yield Kind("provider: refuses the login", partial(all_calls, FaultRule(fault=Fault.UNAUTHORIZED), "unauthorized"))
    named = ThrottleHeaders(retry_after_seconds=1.0)
    yield Kind("provider: 429 with a time", partial(storm, named, False))
    yield Kind("provider: 429 without a word", partial(storm, ThrottleHeaders(), False))
    yield Kind("provider: 429, applied all the same", partial(storm, named, True))

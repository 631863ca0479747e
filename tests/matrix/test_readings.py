"""All commands under every reading of the documents, one at a time, when an answer is lost and when none is."""

from collections.abc import Iterator
from typing import Any

import pytest

from messages.catalog import CATALOG
from sandbox.provider.faults import Fault, FaultRule
from sandbox.provider.settings import Switches
from tests.matrix.cases import CASES, EVE, LOGIN
from tests.matrix.rig import Dialect, MatrixRig
from tests.matrix.verdict import assert_done, assert_refused, is_refused_here
from tests.support.commands import Command

#: Every other value of every switch than its default.
READINGS: dict[str, tuple[Any, ...]] = {
    "error_status": ("4xx",),
    "unknown_user": ("nest", "flat"),
    "auth_error": ("errors", "html403"),
    "required": ("lenient",),
    "filter": ("exact", "prefix"),
    "row_extra": ("id", "address2", "website_access", "id,address2,website_access"),
    "disable_alias": (False,),
    "setusername_max": (64,),
    "email_form": (False,),
    "sendgrid_domain_on_create": (True,),
    "tombstone": (False,),
    "delete": ("cycle_end",),
    "empty_on_set": ("ignore",),
    "obo_unknown": ("ignore", "forbidden"),
    "media_type": ("html",),
    "gzip": (True,),
    "paging": (False,),
    "throttle_applies": (True,),
    "page_size": (1, 2),
    "echo": (True,),
}
DIALECTS = [Dialect(edition, format_) for edition in ("reseller", "distributor") for format_ in ("json", "xml")]
#: An answer that never comes has no format: each edition and each format loses some once.
TIMES = [
    *((dialect, None) for dialect in DIALECTS),
    *((dialect, lost) for dialect in (DIALECTS[0], DIALECTS[3]) for lost in (Fault.APPLY_THEN_DROP, Fault.DROP_BEFORE)),
]


def readings() -> Iterator[tuple[str, Any]]:
    """Each switch with each of its other values."""
    return ((name, value) for name, values in READINGS.items() for value in values)


@pytest.mark.parametrize("reading", tuple(readings()), ids=lambda reading: f"{reading[0]}={reading[1]}")
@pytest.mark.parametrize(("dialect", "lost"), TIMES, ids=str)
def test_every_command_is_done_exactly_once(
    rig: MatrixRig, dialect: Dialect, reading: tuple[str, Any], lost: Fault | None
) -> None:
    switches = Switches.model_validate(dict([reading]))
    for case in CASES:
        if is_refused_here(case, dialect):
            continue
        rules = () if lost is None else (FaultRule(fault=lost, operation=case.write, times=1),)
        assert_done(rig.play(case.command, dialect, *rules, switches=switches), case, rig.sandbox)


@pytest.mark.parametrize("reading", ["error", "ignore", "forbidden"])
@pytest.mark.parametrize("target", ["nobody@x.com", "account-id 999", LOGIN.api_user, LOGIN.api_user.upper(), EVE])
def test_a_profile_of_nobody_of_ours_never_becomes_a_change_of_the_resellers_own(
    rig: MatrixRig, target: str, reading: str
) -> None:
    command = Command("UpdateUserProfile", {"on_behalf_of": target, "city": "Z"}, id="evt_1")
    switches = Switches.model_validate({"obo_unknown": reading})
    assert_refused(rig.play(command, Dialect("reseller", "json"), switches=switches))


def test_no_switch_is_left_out() -> None:
    steering = {"rate_limit", "rate_window_seconds", "today"}
    assert set(READINGS) | steering == set(Switches.model_fields)


def test_every_command_has_a_case() -> None:
    assert {case.command.type for case in CASES} == set(CATALOG)

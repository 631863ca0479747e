"""Gives commands out: to whom, in which state, or what became of them."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from sqlalchemy import JSON, BindParameter, Select, bindparam, cast, func, insert, literal, select, true, update
from sqlalchemy.sql.selectable import TableValuedAlias

from worker.domain.claims import (
    LOOK_AGAIN_SECONDS,
    MOST_CRASHES,
    Claim,
    ClaimRequest,
    Conflict,
    Crashed,
    Dead,
    Done,
    Fresh,
    Held,
    History,
    Quarantined,
    Resumed,
    Token,
)
from worker.domain.identity import CommandKey
from worker.domain.retry_policy import LONGEST_PAUSE_SECONDS
from worker.ledger.operations.leasing import living, stopped
from worker.ledger.operations.rows import StoredRow, dead_letter_of, event_of, history_of, key_of, lane_names
from worker.ledger.operations.transaction import Change, Unit
from worker.ledger.schema import commands, parked, parked_lanes

# One lookup in one index for the whole batch; rows of the same id and another source are put aside afterwards. In the
# order of the keys, so that two processes that lock the same rows queue up instead of waiting for each other.
_FIND = (
    select(commands)
    .where(commands.c.id.in_(bindparam("ids", expanding=True)))
    .where(commands.c.source.in_(bindparam("sources", expanding=True)))
    .order_by(commands.c.source, commands.c.id)
    .with_for_update()
)
_NEW = "type", "subject", "username", "fingerprint", "generation", "lanes", "source", "id", "owner", "token"
_INSERT = insert(commands).values(
    **{name: bindparam(name) for name in (*_NEW, "first_seen_at")}, state=literal("claimed"), begun=true()
)
_IS_ROW = commands.c.arrival == bindparam("row")
_TAKE = (
    update(commands)
    .where(_IS_ROW)
    .values(owner=bindparam("owner"), token=bindparam("token"), state=literal("claimed"), begun=true(), not_before=None)
)
_WAIT = (
    update(commands)
    .where(_IS_ROW)
    .values(
        owner=bindparam("owner"),
        token=bindparam("token"),
        state=literal("waiting"),
        not_before=bindparam("not_before"),
        crashes=bindparam("crashes"),
        alone=bindparam("alone"),
    )
)

# What a later look measures the wait by is dated anew with it.
_DATE_ANEW = (
    update(commands)
    .where(_IS_ROW)
    .values(not_before=bindparam("not_before"), provisional_at=bindparam("provisional_at"))
)
_ANY_PARKED = select(parked.c.position).limit(1)
# All lanes in one parameter, since a batch may have thousands and a statement only so many parameters.
_LANES: BindParameter[str] = bindparam("lanes")
#: After so long it is asked again whether what this process itself has parked in front has had its turn.
_TURN_SECONDS = 0.2


def _first_of(lanes: TableValuedAlias) -> Select[tuple[str, int, str]]:
    # For each lane one step into the index: a customer may have many thousands parked.
    first = select(func.min(parked_lanes.c.position)).where(parked_lanes.c.lane == lanes.c.value).scalar_subquery()
    firsts = select(lanes.c.value.label("lane"), first.label("position")).subquery("firsts")
    owned = firsts.join(parked, parked.c.position == firsts.c.position)
    return select(firsts.c.lane, firsts.c.position, parked.c.owner).select_from(owned)


_FIRST_PARKED_SQLITE = _first_of(func.json_each(_LANES).table_valued("value", name="asked"))
_FIRST_PARKED_POSTGRES = _first_of(
    func.json_array_elements_text(cast(_LANES, JSON)).table_valued("value", name="asked").render_derived()
)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """An answer, and the change that makes it true."""

    claim: Claim
    change: Change | None = None
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Owners:
    """What is known of the processes that left something unfinished: until when leases run, and who stopped in order.

    Whoever is in neither has died.
    """

    leases: Mapping[str, float]
    stopped: AbstractSet[str]


_NO_OTHERS = _Owners({}, frozenset())


def claim_many(unit: Unit, requests: Sequence[ClaimRequest]) -> list[Claim]:
    """Take each command, or learn what became of it. The rules are those of the port `Ledger.claim`.

    Raises IntegrityError when another process inserts one of the keys at the same moment: doing it again finds its row.
    """
    rows = _find(unit, requests)
    names = {row.owner for row in rows.values() if row.finished_at is None}
    owners = _Owners(living(unit, names), stopped(unit, names)) if names - {unit.owner} else _NO_OTHERS
    judged = [_judge(unit, request, rows.get(request.key), owners) for request in requests]
    verdicts = _in_order(unit, requests, judged)
    for change in (_INSERT, _TAKE, _WAIT, _DATE_ANEW):
        values = [verdict.values for verdict in verdicts if verdict.change is change]
        if values:
            unit.change(change, values)
    return [verdict.claim for verdict in verdicts]


def _in_order(unit: Unit, requests: Sequence[ClaimRequest], verdicts: Sequence[_Verdict]) -> list[_Verdict]:
    """Hold back what would be given out, or tried alone, before something that is parked in front of it."""
    goes_on = [verdict.change is not None or isinstance(verdict.claim, Quarantined) for verdict in verdicts]
    parked_first = _first_parked(unit, [request for request, goes in zip(requests, goes_on, strict=True) if goes])
    if not parked_first:
        return list(verdicts)
    waits = [
        _wait_behind(unit, request, parked_first) if goes else None
        for request, goes in zip(requests, goes_on, strict=True)
    ]
    return [
        verdict if seconds is None else _Verdict(Held(unit.now + seconds))
        for seconds, verdict in zip(waits, verdicts, strict=True)
    ]


def _first_parked(unit: Unit, requests: Sequence[ClaimRequest]) -> dict[str, StoredRow]:
    """Return for each lane of these requests what is parked first of all in it, as this transaction sees it.

    With several processes another may park after this look, and its commit changes nothing here: it held what it parks,
    and all that is in front of it, before the broker gave us what comes behind; and what the broker takes from it and
    gives to us is held by nobody else any more.
    """
    lanes = lane_names(lane for request in requests for lane in request.lanes)
    if not lanes or not unit.rows(_ANY_PARKED, {}):
        return {}
    question = _FIRST_PARKED_POSTGRES if unit.connection.dialect.name == "postgresql" else _FIRST_PARKED_SQLITE
    return {row.lane: row for row in unit.rows(question, {"lanes": json.dumps(lanes)})}


def _wait_behind(unit: Unit, request: ClaimRequest, parked_first: Mapping[str, StoredRow]) -> float | None:
    """After how many seconds it may ask again; None when nothing lies in its lanes before its own place.

    What has no place of its own comes last. What another process has parked takes longer to have its turn, or to be
    taken over, than what this one will give to its own threads next.
    """
    firsts = [parked_first[lane] for lane in lane_names(request.lanes) if lane in parked_first]
    in_front = [first for first in firsts if request.position is None or first.position < request.position]
    if not in_front:
        return None
    return _TURN_SECONDS if all(first.owner == unit.owner for first in in_front) else LOOK_AGAIN_SECONDS


def _find(unit: Unit, requests: Sequence[ClaimRequest]) -> dict[CommandKey, StoredRow]:
    ids = [request.key.id for request in requests]
    sources = sorted({request.key.source for request in requests})
    return {key_of(row): row for row in unit.rows(_FIND, {"ids": ids, "sources": sources})}


def _judge(unit: Unit, request: ClaimRequest, row: StoredRow | None, owners: _Owners) -> _Verdict:
    if row is None:
        return _first(unit, request)
    if row.fingerprint not in request.fingerprints:
        return _Verdict(Conflict())
    if row.state == "done":
        return _Verdict(Done(event_of(row)))
    if row.state == "dead":
        return _Verdict(Dead(event_of(row), dead_letter_of(row)))
    if row.owner != unit.owner:
        return _inherit(unit, request, row, owners)
    return _again(unit, request, row)


def _first(unit: Unit, request: ClaimRequest) -> _Verdict:
    token = Token(request.key, unit.new_token())
    values = {
        "source": request.key.source,
        "id": request.key.id,
        "type": request.type,
        "subject": request.subject,
        "username": None if request.username is None else request.username.lower(),
        "fingerprint": request.fingerprints[0],
        "generation": request.generation,
        "lanes": json.dumps(request.lanes),
        "owner": unit.owner,
        "token": token.value,
        "first_seen_at": unit.now,
    }
    # Redelivered and unknown: an earlier process may have had it in hand and died before the claim was on disk.
    claim = Resumed(token, History()) if request.redelivered else Fresh(token, History())
    return _Verdict(claim, _INSERT, values)


def _inherit(unit: Unit, request: ClaimRequest, row: StoredRow, owners: _Owners) -> _Verdict:
    if row.state != "claimed":
        # Deferred: no call is under way, and what the last one left behind is in `not_before`. Taken also from an owner
        # that lives: it gave its window back, and will find on its next claim that its token is no longer the newest.
        return _again(unit, request, row)
    lease_until = owners.leases.get(row.owner)
    if lease_until is not None:
        # Its owner may finish it, or stop, long before the lease ends: whoever waits for it looks again soon.
        return _Verdict(Held(min(lease_until, unit.now + LOOK_AGAIN_SECONDS)))
    # A call may have been under way, and the provider may still be applying it: nobody reads back before it settles.
    until = unit.now + unit.settle_seconds
    values = {"row": row.arrival, "owner": unit.owner, "token": unit.new_token(), "not_before": until}
    return _Verdict(Held(until), _WAIT, {**values, **_suspicion(row, died=row.owner not in owners.stopped)})


def _suspicion(row: StoredRow, *, died: bool) -> dict[str, object]:
    """What is held against a command that was begun and not finished: being there, or having been there alone."""
    return {"crashes": row.crashes + (died and row.alone), "alone": died or row.alone}


def _again(unit: Unit, request: ClaimRequest, row: StoredRow) -> _Verdict:
    if row.not_before is not None and row.not_before > unit.now:
        return _wait_on(unit, row)
    is_crash_loop = row.crashes >= MOST_CRASHES
    if row.alone and not request.alone and not is_crash_loop:
        return _Verdict(Quarantined(row.crashes))
    token = Token(key_of(row), unit.new_token())
    values = {"row": row.arrival, "owner": unit.owner, "token": token.value}
    history = _dated_by_now(unit, history_of(row))
    claim = Crashed(token, history, row.crashes) if is_crash_loop else Resumed(token, history)
    return _Verdict(claim, _TAKE, values)


def _wait_on(unit: Unit, row: StoredRow) -> _Verdict:
    """Hold what may not be tried yet, for no longer than its wait can ever have been.

    By a clock that was set back since it was put off, all of that time would be waited for once more.
    """
    longest = _longest_wait(unit, row)
    if row.not_before - unit.now <= longest:
        return _Verdict(Held(row.not_before))
    until = unit.now + longest
    failed_at = None if row.provisional_at is None else unit.now
    return _Verdict(Held(until), _DATE_ANEW, {"row": row.arrival, "not_before": until, "provisional_at": failed_at})


def _longest_wait(unit: Unit, row: StoredRow) -> float:
    if row.alone:
        # Not put off by its handler, but taken over from one that died.
        return unit.settle_seconds
    since = row.first_seen_at if row.provisional_at is None else row.provisional_at
    wait: float = row.not_before - since
    return max(unit.settle_seconds, min(wait, LONGEST_PAUSE_SECONDS))


def _dated_by_now(unit: Unit, history: History) -> History:
    # A failure of a time that is still to come could not be distinguished from whatever comes before that time.
    at = history.provisional_at
    return history if at is None or at <= unit.now else replace(history, provisional_at=unit.now)

"""Finds whether something that is parked comes before a command."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import JSON, BindParameter, Select, bindparam, cast, func, select
from sqlalchemy.sql.selectable import TableValuedAlias

from worker.domain.claims import LOOK_AGAIN_SECONDS, ClaimRequest
from worker.ledger.operations.parking import lane_names
from worker.ledger.operations.unit import Unit
from worker.ledger.schema import parked, parked_lanes

_ANY = select(parked.c.position).limit(1)
# All lanes in one parameter, since a batch may have thousands and a statement only so many parameters.
_LANES: BindParameter[str] = bindparam("lanes")
#: After so long it is asked again whether what this process itself has parked in front has had its turn.
_TURN_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _First:
    """What lies first of all in a lane."""

    position: int
    own: bool


class Precedence:
    """What is parked in the lanes of these requests, as this transaction sees it.

    With several processes another may park after this look, and its commit changes nothing here: it held what it parks,
    and all that is in front of it, before the broker gave us what comes behind; and what the broker takes from it and
    gives to us is held by nobody else any more.
    """

    def __init__(self, unit: Unit, requests: Sequence[ClaimRequest]) -> None:
        lanes = lane_names(lane for request in requests for lane in request.lanes)
        self._first = _first(unit, lanes) if lanes and unit.rows(_ANY, {}) else {}

    def wait_of(self, request: ClaimRequest) -> float | None:
        """After how many seconds it may ask again; None when nothing lies in its lanes before its own place.

        What has no place of its own comes last. What another process has parked takes longer to have its turn, or to
        be taken over, than what this one will give to its own threads next.
        """
        if not self._first:
            return None
        firsts = [self._first[lane] for lane in lane_names(request.lanes) if lane in self._first]
        in_front = [first for first in firsts if request.position is None or first.position < request.position]
        if not in_front:
            return None
        return _TURN_SECONDS if all(first.own for first in in_front) else LOOK_AGAIN_SECONDS


def _first(unit: Unit, lanes: Sequence[str]) -> dict[str, _First]:
    question = _FIRST_POSTGRES if unit.connection.dialect.name == "postgresql" else _FIRST_SQLITE
    rows = unit.rows(question, {"lanes": json.dumps(lanes)})
    return {row.lane: _First(row.position, own=row.owner == unit.owner) for row in rows}


def _first_of(lanes: TableValuedAlias) -> Select[tuple[str, int, str]]:
    # For each lane one step into the index: a customer may have many thousands parked.
    first = select(func.min(parked_lanes.c.position)).where(parked_lanes.c.lane == lanes.c.value).scalar_subquery()
    firsts = select(lanes.c.value.label("lane"), first.label("position")).subquery("firsts")
    owned = firsts.join(parked, parked.c.position == firsts.c.position)
    return select(firsts.c.lane, firsts.c.position, parked.c.owner).select_from(owned)


_FIRST_SQLITE = _first_of(func.json_each(_LANES).table_valued("value", name="asked"))
_FIRST_POSTGRES = _first_of(
    func.json_array_elements_text(cast(_LANES, JSON)).table_valued("value", name="asked").render_derived()
)

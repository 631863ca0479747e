"""Tells whether something that is parked comes before a command."""

import json
from collections.abc import Sequence

from sqlalchemy import BindParameter, Select, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.sql.selectable import TableValuedAlias

from worker.domain.claims import ClaimRequest
from worker.ledger.operations.parking import lane_names
from worker.ledger.operations.unit import Unit
from worker.ledger.schema import parked, parked_lanes

_ANY = select(parked.c.position).limit(1)
# All lanes in one parameter, since a batch may have thousands and a statement only so many parameters.
_LANES: BindParameter[str] = bindparam("lanes")


class Precedence:
    """What is parked in the lanes of these requests, as this transaction sees it.

    With several processes another may park after this look, and its commit changes nothing here: it held what it parks,
    and all that is in front of it, before the broker gave us what comes behind; and what the broker takes from it and
    gives to us is held by nobody else any more.
    """

    def __init__(self, unit: Unit, requests: Sequence[ClaimRequest]) -> None:
        lanes = lane_names(lane for request in requests for lane in request.lanes)
        self._first = _first(unit, lanes) if lanes and unit.connection.execute(_ANY).first() else {}

    def precedes(self, request: ClaimRequest) -> bool:
        """Whether something lies in one of its lanes before its own place, or at all when it has none."""
        if not self._first:
            return False
        firsts = [self._first[lane] for lane in lane_names(request.lanes) if lane in self._first]
        return any(request.position is None or first < request.position for first in firsts)


def _first(unit: Unit, lanes: Sequence[str]) -> dict[str, int]:
    question = _FIRST_POSTGRES if unit.connection.dialect.name == "postgresql" else _FIRST_SQLITE
    rows = unit.connection.execute(question, {"lanes": json.dumps(lanes)})
    return {row.lane: row.first for row in rows if row.first is not None}


def _first_of(lanes: TableValuedAlias) -> Select[tuple[str, int]]:
    # For each lane one step into the index: a customer may have many thousands parked.
    first = select(func.min(parked_lanes.c.position)).where(parked_lanes.c.lane == lanes.c.value).scalar_subquery()
    return select(lanes.c.value.label("lane"), first.label("first"))


_FIRST_SQLITE = _first_of(func.json_each(_LANES).table_valued("value", name="asked"))
_FIRST_POSTGRES = _first_of(
    func.json_array_elements_text(cast(_LANES, JSON)).table_valued("value", name="asked").render_derived()
)

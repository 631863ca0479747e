"""All commands in the distributor edition's XML, with every way to answer the call that makes the change."""

import pytest

from tests.matrix.cases import CASES, Case
from tests.matrix.rig import Dialect, Stage
from tests.matrix.verdict import assert_as_expected, assert_refused, is_refused_here
from tests.matrix.ways import Way, ways

DIALECT = Dialect("distributor", "xml")


@pytest.mark.parametrize("way", tuple(ways()), ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_provider_ends_in_the_right_state(stage: Stage, case: Case, way: Way) -> None:
    end = stage.play(case.command, DIALECT, *way.rules(case.write))
    if is_refused_here(case, DIALECT):
        assert_refused(end)
    else:
        assert_as_expected(end, case, way, stage.sandbox)

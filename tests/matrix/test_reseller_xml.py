"""All commands in the reseller edition's XML, with every way to answer the call that makes the change."""

import pytest

from tests.matrix.cases import Case
from tests.matrix.cells import cells
from tests.matrix.rig import Dialect, MatrixRig
from tests.matrix.verdict import assert_cell
from tests.matrix.ways import Way

DIALECT = Dialect("reseller", "xml")


@pytest.mark.parametrize(("case", "way"), tuple(cells(DIALECT)), ids=str)
def test_the_provider_ends_in_the_right_state(rig: MatrixRig, case: Case, way: Way) -> None:
    assert_cell(rig, DIALECT, case, way)

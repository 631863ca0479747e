"""Which commands meet which answers in a dialect."""

from collections.abc import Iterator

from sandbox.provider.operations.calls import Operation
from tests.matrix.cases import CASES, Case
from tests.matrix.rig import Dialect
from tests.matrix.verdict import is_refused_here
from tests.matrix.ways import Way, ways

#: The newer API has one format, whatever the older one speaks.
_V3_DIALECT = Dialect("reseller", "json")


def cells(dialect: Dialect) -> Iterator[tuple[Case, Way]]:
    """Each command with each answer; one that is never sent has no answer."""
    for case in CASES:
        if case.write is Operation.USER_PROFILE_UPDATE and dialect != _V3_DIALECT:
            continue
        answers = ways()
        yield from ((case, way) for way in ([next(answers)] if is_refused_here(case, dialect) else answers))

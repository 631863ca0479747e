"""No check is missing."""

import re
from pathlib import Path

ALL = {f"{number:02}" for number in range(1, 75)}


def test_every_check_from_c01_to_c74_has_a_test() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    found = set(re.findall(r"^def test_c(\d\d)_", text, re.MULTILINE))

    assert found == ALL

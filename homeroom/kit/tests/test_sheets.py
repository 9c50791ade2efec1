"""No cell of a CSV file runs as a formula."""

from __future__ import annotations

import pytest

from homeroom.kit.sheets import csv_bytes


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_text_that_begins_like_a_formula_stays_text(start: str) -> None:
    cell = csv_bytes(["h"], [[f"{start}1+1"]]).decode("utf-8-sig").splitlines()[1]
    assert cell.startswith(("'", "\"'"))

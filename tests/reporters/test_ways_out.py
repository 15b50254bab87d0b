"""What the owners of broken promises can do: three are spelled out, and the others counted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from alembic_contracts.contracts.contract import Ending
from alembic_contracts.reporters import render
from tests.reporters.reports import RICH
from tests.reporters.test_reporters import words


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_waivers_that_are_left_out_are_counted(format_):
    breaks = tuple(replace(RICH.violations[0], column=f"c{number}") for number in range(5))
    rendered = words(render(replace(RICH, violations=breaks), format_, width=1000))
    assert rendered.count("expiry: YYYY-MM-DD") == 3
    assert "add to waivers.yaml beside the contracts, and the like for 2 more:" in rendered
    assert "for 2 more" not in words(render(replace(RICH, violations=breaks[:3]), format_, width=1000))


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_promises_that_are_left_out_are_counted(format_):
    first = RICH.violations[0]
    breaks = tuple(
        replace(first, column=f"c{line}", ending=Ending("contracts/t.json", line, 9, '"sunset": "YYYY-MM-DD",', None))
        for line in range(1, 6)
    )
    for count, more in ((5, True), (3, False)):
        rendered = words(render(replace(RICH, violations=breaks[:count]), format_, width=1000)).replace("`", "")
        assert rendered.count("end on a day: add to contracts/t.json") == 3
        assert ("in line 1, column 9, and the like for 2 more:" in rendered) == more
        assert "in line 3, column 9:" in rendered

"""Every format of every sample report, compared with the files in ``golden/``.

After a wanted change run ``UPDATE_GOLDEN=1 pytest tests/reporters/test_golden.py`` and read the difference before
committing it: these files are what users see.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alembic_contracts.reporters import FORMATS, render
from tests.reporters.reports import REPORTS

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"text": "txt", "github": "log", "junit": "xml", "markdown": "md"}
"""Endings of golden files where these are not the format's name."""
CASES = [(name, format_, {}) for name in REPORTS for format_ in FORMATS]
CASES += [("rich", "text", {"width": 60}), ("rich", "text", {"color": True})]


@pytest.mark.parametrize(("name", "format_", "options"), CASES, ids=str)
def test_report_looks_as_agreed(name, format_, options):
    variant = "".join(f"-{key}-{value}" for key, value in options.items())
    file = GOLDEN / f"{name}{variant}.{SUFFIXES.get(format_, format_)}"
    rendered = render(REPORTS[name], format_, **options)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(rendered, encoding="utf-8", newline="\n")
    assert rendered == file.read_text(encoding="utf-8")

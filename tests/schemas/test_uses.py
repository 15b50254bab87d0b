"""Places of uses in words."""

from __future__ import annotations

import pytest

from alembic_contracts.schemas.uses import Place, used_by

GUIDE = Place("", None, "exposure Museum guide (guide@example.org)")
SEVEN, NINE, OTHER = Place("a.sql", 7, "model a"), Place("a.sql", 9), Place("b.sql", 7)
FILE = Place("print.py")


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ((), ""),
        ((SEVEN,), "used by a.sql:7"),
        ((NINE, SEVEN), "used by a.sql:9 and 1 more"),
        ((SEVEN, NINE, OTHER, Place("a.sql", 7, "model twice")), "used by a.sql:7 and 2 more"),
        ((GUIDE, SEVEN), "used by a.sql:7; exposure Museum guide (guide@example.org)"),
        ((GUIDE, GUIDE), "used by exposure Museum guide (guide@example.org)"),
        ((GUIDE, FILE, SEVEN, NINE), "used by a.sql:7 and 1 more; exposure Museum guide (guide@example.org); print.py"),
        ((FILE, Place("x.py"), Place("y.py"), Place("z.py")), "used by print.py; x.py and 2 more"),
        ((Place("", 7, "statement 4711"),), "used by statement 4711"),
        ((Place("print.py", None, "script print"),), "used by script print"),
        ((Place("a\x1b\n.sql", 7),), "used by a\\x1b\\n.sql:7"),
    ],
)
def test_the_first_line_and_what_is_in_none(places: tuple[Place, ...], words: str) -> None:
    assert used_by(places) == words

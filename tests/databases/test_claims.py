"""The table of databases in the docs names those of the suite's table, with the same claims."""

from __future__ import annotations

from pathlib import Path

from tests.databases.table import DATABASES, Database

PAGE = Path(__file__).parents[2] / "docs/databases.md"
ROLLS_BACK = {
    "always": "refused in its transaction",
    "never": "is committed by then",
    "by recipe": "depends on the driver",
}


def documented() -> dict[str, list[str]]:
    """The table's rows by the database, without what links lead to."""
    lines = PAGE.read_text(encoding="utf-8").partition("| database |")[2].splitlines()[2:]
    rows = {}
    for line in lines:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[name] = cells
    return rows


def of(database: Database) -> list[str]:
    [found] = [cells for name, cells in documented().items() if name.startswith(database.name)]
    return found


def test_each_row_of_the_docs_has_one_here() -> None:
    assert len(documented()) == len(DATABASES)
    for name in documented():
        assert [row.name for row in DATABASES if name.startswith(row.name)] != [], name
        assert "," not in name, "a row is about one database: each that is named has run"


def test_the_claims_are_the_same() -> None:
    for database in DATABASES:
        before, commit, written, own, other = of(database)
        assert (before != "not foreseen") == database.foreseen, database.name
        assert ("predicted" in written or "replayed" in written) == database.written, database.name
        assert (own == "held exactly") == database.exact, database.name
        assert (own == "held by their shape") == (not database.exact), database.name
        assert ROLLS_BACK[database.rolls_back] in commit, database.name
        assert other == "held by their shape", database.name

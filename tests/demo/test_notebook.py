"""``seed/queries.ipynb`` runs from its first cell to its last, and is committed without what it showed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.museum import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.museum import Museum

NOTEBOOK = REPOSITORY / "seed/queries.ipynb"
RUN = """
import sys
import nbformat
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], 4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": sys.argv[2]}}).execute()
nbformat.write(notebook, sys.argv[3])
"""


def code_cells(text: str) -> list[dict]:
    return [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def executed(museum: Museum, tmp_path: Path) -> list[dict]:
    """Run it in a process of its own, as Jupyter would from its folder, and return its cells of code."""
    done = museum.run("-c", RUN, str(NOTEBOOK), str(museum.path / "seed"), str(tmp_path / "done.ipynb"))
    assert done.returncode == 0, done.stderr
    return code_cells((tmp_path / "done.ipynb").read_text(encoding="utf-8"))


def shown(cells: list[dict], kind: str) -> list[str]:
    found = [output["data"][kind] for cell in cells for output in cell["outputs"] if kind in output.get("data", {})]
    return ["".join(each) for each in found]


def test_no_output_is_committed() -> None:
    committed = subprocess.run(
        ["git", "show", ":seed/queries.ipynb"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    ).stdout
    for text in filter(None, (committed, NOTEBOOK.read_text(encoding="utf-8"))):
        cells = code_cells(text)
        assert cells
        assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_it_runs_from_its_first_cell_to_its_last(museum: Museum, tmp_path: Path) -> None:
    museum.alembic("upgrade", "head")
    assert museum.seed("load", "--count", "400").returncode == 0
    cells = executed(museum, tmp_path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    tables, images, coverage, contracts, facts = shown(cells, "text/html")
    assert tables.count("<td>400</td>") == 8
    assert "Asian Art" in images
    assert "public.object_images" in coverage
    assert "Data Engineering Team" in contracts
    assert facts.count("object_images.json:") == 21
    assert len(shown(cells, "image/png")) == 1, "one plot"


def test_it_runs_where_the_tables_are_empty(migrated_museum: Museum, tmp_path: Path) -> None:
    assert len(shown(executed(migrated_museum, tmp_path), "text/html")) == 5


def test_its_connection_only_reads_and_keeps_nobody_waiting() -> None:
    [first, *_] = code_cells(NOTEBOOK.read_text(encoding="utf-8"))
    source = "".join(first["source"])
    assert "autocommit = True" in source
    assert "default_transaction_read_only = on" in source


def test_its_extra_names_what_it_imports() -> None:
    import tomllib

    extras = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {line.split(">=")[0] for line in extras["optional-dependencies"]["notebook"]}
    assert wanted == {"ipykernel", "matplotlib", "pandas"}
    assert "notebook" in extras["optional-dependencies"]["test"][0]
    assert sys.version_info >= (3, 11)

"""A project on a MariaDB: its contracts, and what an upgrade by SQL says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.project import Project

__all__ = ["contract", "own", "run"]


def contract(table: str, *columns: str, about: str = "mariadb", **stated: Any) -> dict[str, Any]:
    return {
        "spec-version": "1.0.0",
        "name": table,
        "namespace": "shop",
        "dataAssetResourceName": f"{about}://db/shop.{table}",
        "owner": {"name": "Sales", "email": "sales@shop.org"},
        "schema": {"table_name": table, **stated, "properties": {name: {} for name in columns}},
    }


def own(table: str, **columns: dict[str, Any]) -> dict[str, Any]:
    return {"table_name": table, "properties": {name: {"constraints": stated} for name, stated in columns.items()}}


def run(project: Project, revision: str, *statements: str) -> str:
    """Upgrade by one revision of SQL, and return what was said; empty where it went through without a word."""
    project.revision(revision, "\n".join(f"op.execute({statement!r})" for statement in statements))
    done = project.alembic("upgrade", revision)
    assert done.returncode in (0, 255), done.stderr
    said = done.stderr.strip()
    assert (done.returncode == 255) == ("Refused: " in said), said
    return "" if said.startswith("note: ") and "\n" not in said else said

"""What a refusal says became of the database, held against the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.object_images import CONTRACT, CREATE, state

if TYPE_CHECKING:
    import subprocess

    from tests.support.project import Project


def at_r1(project: Project) -> list[tuple[object, ...]]:
    """Give a project the museum's contract, table and first revision without a process; returns its state."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE, 'op.drop_table("object_images")')
    project.sql(
        "CREATE TABLE object_images (object_id integer PRIMARY KEY, primary_image text, additional_images text[], "
        "created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        "CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY)",
        "INSERT INTO alembic_version VALUES ('r1')",
    )
    return state(project)


def is_held(project: Project) -> bool:
    """Whether the contracted column is there."""
    return ("primary_image",) in project.sql(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = 'object_images'::regclass AND NOT attisdropped"
    )


def versions(project: Project) -> list[str]:
    return [row[0] for row in project.sql("SELECT version_num FROM alembic_version ORDER BY 1")]


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The paragraph that says what became of a refused upgrade, on one line."""
    assert done.returncode != 0, done.stderr
    paragraphs = [" ".join(text.split()) for text in done.stderr.split("\n\n")]
    [found] = [text for text in paragraphs if "Refused: " in text]
    return found[found.index("Refused: ") :]


def holds(project: Project, before: list[tuple[object, ...]], done: subprocess.CompletedProcess[str]) -> str:
    """Hold each sentence of a refusal against the database, and return them."""
    said = refusal(done)
    changed = state(project) != before
    assert not (changed and "none of its changes stay" in said), said
    assert not (changed and "database is unchanged" in said), said
    if "are as before." in said:
        assert is_held(project), said
        assert [(version,) for version in versions(project)] == [row for row in before if len(row) == 1], said
    if found := re.search(r"the version table has (.*?)\.", said):
        assert found[1] == (" and ".join(versions(project)) or "base"), said
    assert ("object_images is not as before" in said) == (not is_held(project)), said
    if not is_held(project):
        assert "rolled back" not in done.stdout or "another session" in done.stderr, done.stdout
    for revision in re.findall(r"Committed and staying: (.*?)\.", said):
        assert revision.split(", ")[-1] in versions(project), said
    return said


def goes_back(project: Project, said: str) -> None:
    """Do what a refusal says undoes it, and see that the contract holds again."""
    if found := re.search(r"`alembic (downgrade \w+)`", said):
        done = project.alembic(*found[1].split(), env={"ALEMBIC_CONTRACTS_ENFORCE": "report"})
        assert done.returncode == 0, done.stderr
    if found := re.search(r"without its rows: (.*?;)(?= |$)", said):
        project.sql(found[1])
    assert is_held(project), said

"""The museum's ``object_images`` in a test project: its contract, byte for byte, and the revision that creates it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.project import Project

CONTRACT = (Path(__file__).parents[2] / "contracts" / "object_images.json").read_text(encoding="utf-8")

CREATE = """
op.create_table(
    "object_images",
    sa.Column("object_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("primary_image", sa.Text),
    sa.Column("additional_images", sa.ARRAY(sa.Text)),
    sa.Column("created_at", sa.DateTime, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")),
)
"""

UNSEEN = """
op.execute('''
    DO $$ BEGIN
        EXECUTE convert_from(decode(
            'QUxURVIgVEFCTEUgb2JqZWN0X2ltYWdl'
            || 'cyBEUk9QIENPTFVNTiBwcmltYXJ5X2ltYWdl', 'base64'), 'UTF8');
    END $$
''')
"""
"""Drops the column in a way that cannot be known without running it."""


def museum(project: Project) -> Project:
    """Give a project the contract and the table, migrated to it."""
    project.contract("object_images", CONTRACT)
    project.revision("r1", CREATE, 'op.drop_table("object_images")')
    done = project.alembic("upgrade", "head")
    assert done.returncode == 0, done.stderr
    return project


def state(project: Project) -> list[tuple[object, ...]]:
    """Everything that a refused migration must not have changed: columns, constraints, revision."""
    schema = project.sql(
        "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = 'public' AND a.attnum > 0 AND NOT a.attisdropped "
        "UNION ALL SELECT conname::text, pg_get_constraintdef(oid), '', false FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2, 3"
    )
    versioned = any(row[0] == "alembic_version" for row in schema)
    return schema + (project.sql("SELECT version_num FROM alembic_version ORDER BY 1") if versioned else [])

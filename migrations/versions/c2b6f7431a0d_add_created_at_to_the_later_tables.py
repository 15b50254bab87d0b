"""add created at to the later tables

Revision ID: c2b6f7431a0d
Revises: a83d5e90c614
Create Date: 2025-02-04 11:47:20
"""

import sqlalchemy as sa
from alembic import op

revision = "c2b6f7431a0d"
down_revision = "a83d5e90c614"
branch_labels = None
depends_on = None

TABLES = ("object_tags", "object_copyright", "object_api_metadata")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table,
            sa.Column(
                "created_at",
                sa.DateTime,
                nullable=False,
                server_default=sa.text("CURRENT_TIMESTAMP"),
                comment="Timestamp when this record was created in the database",
            ),
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "created_at")

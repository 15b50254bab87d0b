"""create object images

Revision ID: 4f1c07d2b9e8
Revises: 00e9b3375a5f
Create Date: 2025-01-15 10:30:02
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "4f1c07d2b9e8"
down_revision = "00e9b3375a5f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "object_images",
        sa.Column(
            "object_id",
            sa.Integer,
            primary_key=True,
            comment="Identifying number for each artwork (unique, can be used as key field)",
        ),
        sa.Column(
            "primary_image",
            sa.Text,
            comment="URL to the primary image of an object (JPEG)",
        ),
        sa.Column(
            "additional_images",
            ARRAY(sa.Text),
            comment="Array of URLs to additional JPEG images of the object",
        ),
        sa.Column(
            "created_at",
            sa.DateTime,
            nullable=False,
            server_default=sa.text("CURRENT_TIMESTAMP"),
            comment="Timestamp when this record was created in the database",
        ),
        comment="Links to the pictures of an artwork",
    )


def downgrade() -> None:
    op.drop_table("object_images")

"""create tags, copyright and api metadata

Revision ID: a83d5e90c614
Revises: 4f1c07d2b9e8
Create Date: 2025-01-22 16:05:31
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSON

revision = "a83d5e90c614"
down_revision = "4f1c07d2b9e8"
branch_labels = None
depends_on = None

OBJECT_ID = "Identifying number for each artwork (unique, can be used as key field)"


def upgrade() -> None:
    op.create_table(
        "object_tags",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("tags", ARRAY(JSON), comment="Subject keywords, each with its entry in the AAT and in Wikidata"),
        comment="What an artwork shows",
    )
    op.create_table(
        "object_copyright",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("primary_image", sa.Text, comment="URL to the primary image of an object (JPEG)"),
        sa.Column("is_public_domain", sa.Boolean, comment="Whether the artwork is in the public domain"),
        comment="Which pictures may be used freely",
    )
    op.create_table(
        "object_api_metadata",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("metadata_date", sa.Text, comment="When the museum last updated this object's data, as it sends it"),
        comment="What the museum's API says about an object's data",
    )


def downgrade() -> None:
    op.drop_table("object_api_metadata")
    op.drop_table("object_copyright")
    op.drop_table("object_tags")

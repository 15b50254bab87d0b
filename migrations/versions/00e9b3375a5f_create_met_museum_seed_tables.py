"""create met museum seed tables

Revision ID: 00e9b3375a5f
Revises:
Create Date: 2025-01-13 09:12:44
"""

import sqlalchemy as sa
from alembic import op

revision = "00e9b3375a5f"
down_revision = None
branch_labels = None
depends_on = None

OBJECT_ID = "Identifying number for each artwork (unique, can be used as key field)"
CREATED_AT = "Timestamp when this record was created in the database"


def upgrade() -> None:
    op.create_table(
        "object",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("title", sa.Text, comment="Title, identifying phrase or name given to a work of art"),
        sa.Column("artist_display_name", sa.Text, comment="Artist's name in the correct order for display"),
        _created_at(),
        comment="One row for each artwork of the museum",
    )
    op.create_table(
        "object_history",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("period", sa.Text, comment="Time or time period when the object was created"),
        sa.Column("culture", sa.Text, comment="Culture or people from which the object was created"),
        sa.Column("object_date", sa.Text, comment="Year, span of years or phrase for when the artwork was created"),
        _created_at(),
        comment="When and where an artwork comes from",
    )
    op.create_table(
        "object_physical_properties",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("medium", sa.Text, comment="Materials that were used to create the artwork"),
        sa.Column("dimensions", sa.Text, comment="Size of the artwork, in words and in centimetres"),
        sa.Column("classification", sa.Text, comment="General term that describes the type of artwork"),
        _created_at(),
        comment="What an artwork is made of and how large it is",
    )
    op.create_table(
        "object_gallery_info",
        sa.Column("object_id", sa.Integer, primary_key=True, comment=OBJECT_ID),
        sa.Column("gallery_number", sa.Text, comment="Gallery in which the artwork is on view, empty while it is not"),
        sa.Column("department", sa.Text, comment="Curatorial department that is responsible for the artwork"),
        sa.Column("accession_number", sa.Text, comment="Number of the acquisition (not always unique)"),
        _created_at(),
        comment="Where in the museum an artwork is kept",
    )


def downgrade() -> None:
    op.drop_table("object_gallery_info")
    op.drop_table("object_physical_properties")
    op.drop_table("object_history")
    op.drop_table("object")


def _created_at() -> sa.Column:
    """Return a new column: a column object belongs to one table only."""
    return sa.Column(
        "created_at",
        sa.DateTime,
        nullable=False,
        server_default=sa.text("CURRENT_TIMESTAMP"),
        comment=CREATED_AT,
    )

"""store metadata date as a timestamp

Revision ID: 7d90e1f5a2c3
Revises: c2b6f7431a0d
Create Date: 2025-02-11 14:20:09
"""

import sqlalchemy as sa
from alembic import op

revision = "7d90e1f5a2c3"
down_revision = "c2b6f7431a0d"
branch_labels = None
depends_on = None

AS_SENT = "When the museum last updated this object's data, as it sends it"
IN_UTC = "When the museum last updated this object's data (UTC)"


def upgrade() -> None:
    # The museum sends UTC with a trailing Z: by way of timestamptz, so that the session's time zone does not matter.
    op.alter_column(
        "object_api_metadata",
        "metadata_date",
        existing_type=sa.Text,
        type_=sa.DateTime,
        postgresql_using="metadata_date::timestamptz AT TIME ZONE 'UTC'",
        existing_comment=AS_SENT,
        comment=IN_UTC,
    )


def downgrade() -> None:
    op.alter_column(
        "object_api_metadata",
        "metadata_date",
        existing_type=sa.DateTime,
        type_=sa.Text,
        postgresql_using="""to_char(metadata_date, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""",
        existing_comment=IN_UTC,
        comment=AS_SENT,
    )

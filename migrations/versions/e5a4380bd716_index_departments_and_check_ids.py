"""index departments and check ids

Revision ID: e5a4380bd716
Revises: 7d90e1f5a2c3
Create Date: 2025-02-18 08:55:37
"""

from alembic import op

revision = "e5a4380bd716"
down_revision = "7d90e1f5a2c3"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_object_gallery_info_department", "object_gallery_info", ["department"])
    op.create_check_constraint("ck_object_object_id_positive", "object", "object_id > 0")


def downgrade() -> None:
    op.drop_constraint("ck_object_object_id_positive", "object", type_="check")
    op.drop_index("ix_object_gallery_info_department", table_name="object_gallery_info")

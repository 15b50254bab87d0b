"""Scripts that need no process of their own, as the bodies of their functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_contracts.prediction.containment.limits import Limits
from tests.support.scripts import TABLE, Scripts, the_only

if TYPE_CHECKING:
    from alembic_contracts.schemas.steps import Prediction

ADDS = 'op.add_column("t", sa.Column("a", sa.Text))'
BATCH = """
with op.batch_alter_table("t", schema=None) as batch_op:
    batch_op.add_column(sa.Column("a", sa.String(20), server_default="x", nullable=False))
    batch_op.create_index(batch_op.f("ix_t_a"), ["a"], unique=False)
"""
MAKES = """
op.create_table(
    "made",
    sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column("of", sa.Integer(), sa.ForeignKey("t.id", ondelete="CASCADE")),
    sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    sa.Column("key", postgresql.UUID(as_uuid=True), server_default=sa.text("gen_random_uuid()")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_made")),
    sa.UniqueConstraint("of", "at"),
    sa.CheckConstraint("at > '2000-01-01'", name="ck_made_at"),
    comment="made here",
)
op.create_index("ix_made", "made", [sa.text("abs(id)"), "at"], postgresql_where=sa.text("at IS NOT NULL"))
"""
CHANGES = """
op.alter_column("t", "name", existing_type=sa.Text(), type_=sa.String(length=-1), nullable=True)
op.drop_column("t", "nothing")
"""


def predicted(scripts: Scripts) -> Prediction:
    return the_only(scripts.predict("public.t", "public.u", "public.made", setup=TABLE, limits=Limits()))

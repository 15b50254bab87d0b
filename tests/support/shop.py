"""A shop: an application with SQLAlchemy models, its migrations, and a git repository with a release of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.project import ENV, PYPROJECT, Project
from tests.support.repository import commit, git

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CREATE", "ENV_PY", "MODELS", "NOWHERE", "REF", "commit", "git", "release", "shop", "tag"]

REF = "v1.4.0"
NOWHERE = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"
ENV_PY = (
    ENV.replace("target_metadata = None", "from shop.models import Base\n\ntarget_metadata = Base.metadata")
    .replace(", alembic_contracts.guard(context)", "")
    .replace("import alembic_contracts\n", "")
)
MODELS = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, deferred, mapped_column


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


class Order(Base):
    __tablename__ = "orders"
    __mapper_args__ = {"exclude_properties": ["legacy"]}
    __table_args__ = (sa.UniqueConstraint("code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None] = mapped_column(sa.String(50))
    code: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="new")
    status: Mapped[str] = mapped_column(sa.Enum("new", "paid", name="order_status"))
    required_here: Mapped[str]
    big: Mapped[str | None] = mapped_column(deferred=True)
    bulky = deferred(sa.Column("bulky", sa.Text, server_default="-"))
"""
CREATE = """
op.create_table(
    "customers",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("email", sa.Text, nullable=False, unique=True),
)
op.create_table(
    "orders",
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note", sa.String(50)),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="new"),
    sa.Column("status", sa.Enum("new", "paid", name="order_status"), nullable=False),
    sa.Column("required_here", sa.Text),
    sa.Column("big", sa.Text),
    sa.Column("bulky", sa.Text, server_default="-"),
    sa.Column("legacy", sa.Text),
    sa.Column("unmapped", sa.Text),
    sa.Column("counted", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("code"),
)
op.create_table("unused", sa.Column("id", sa.Integer, primary_key=True), sa.Column("x", sa.Text))
"""


def tag(project: Project, ref: str = REF) -> None:
    commit(project)
    git(project, "tag", ref)


def shop(path: Path, database: str = NOWHERE, models: str = MODELS, create: str = CREATE) -> Project:
    """Return an application without any contract, in a repository that has no commit yet."""
    project = Project.create(path, database)
    (path / "contracts").rmdir()
    project.write(
        "pyproject.toml", PYPROJECT.split("[tool.alembic_contracts]")[0] + 'prepend_sys_path = ["%(here)s"]\n'
    )
    project.write("migrations/env.py", ENV_PY)
    project.write("shop/__init__.py", "")
    project.write("shop/models.py", models)
    project.revision("r1", create)
    git(project, "init", "-q", "-b", "main")
    return project


def release(path: Path, models: str = MODELS, create: str = CREATE) -> Project:
    """Return an application of which a release is tagged."""
    project = shop(path, models=models, create=create)
    tag(project)
    return project

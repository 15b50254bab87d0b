"""``infer models``: what models of each style use, with the line that each column is written on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_contracts.errors import CannotCheck
from alembic_contracts.inference.sources import Asked, models
from alembic_contracts.schemas.schema import Column, Name, Schema, Table

if TYPE_CHECKING:
    from pathlib import Path

    from alembic_contracts.inference.uses import Found

TABLE_MODULE = """\
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table

metadata = MetaData()
orders = Table(
    "orders",
    metadata,
    Column("id", sa.Integer, primary_key=True),
    Column(
        "note",
        sa.String(50),
        server_default="-",
    ),
    sa.Column("total", sa.Integer, sa.Computed("id")),
)
columns = [Column(name, sa.Integer) for name in ("id", "note")]
elsewhere = Table("things", metadata, *columns, schema="shop")
"""
OLD_BASE = """\
import sqlalchemy as sa
from sqlalchemy.orm import declarative_base, deferred

Base = declarative_base()


class Noted:
    note = sa.Column(sa.Text)


class Order(Noted, Base):
    __tablename__ = "orders"
    __mapper_args__ = {"exclude_properties": ["total"]}
    id = sa.Column(sa.Integer, primary_key=True)
    amount = sa.Column("sum", sa.Integer, default=0)
    large = deferred(sa.Column(sa.Text))
    __table_args__ = (sa.UniqueConstraint("note"),)


Order.__table__.append_column(sa.Column("total", sa.Integer))
"""
NEW_BASE = """\
import enum
from typing import Annotated

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

key = Annotated[int, mapped_column(primary_key=True)]


class State(enum.Enum):
    new = "new"


class Base(DeclarativeBase):
    pass


class Named:
    @declared_attr
    def note(cls) -> Mapped[str | None]:
        return mapped_column(sa.Text)


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[key]
    kind: Mapped[str]
    state: Mapped[State]
    large: Mapped[str | None] = mapped_column(deferred=True)
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "order"}


class Gift(Order):
    note: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "gift"}


class Thing(Base):
    __table__ = sa.Table(
        "things",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("note", sa.Text),
        schema="shop",
    )
"""
IMPERATIVE = """\
import sqlalchemy as sa
from sqlalchemy.orm import deferred, registry

mapper_registry = registry()


class Order:
    pass


orders = sa.Table(
    "orders", mapper_registry.metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("note", sa.Text),
    sa.Column("large", sa.Text),
    sa.Column("total", sa.Integer),
)
mapper_registry.map_imperatively(
    Order, orders, properties={"large": deferred(orders.c.large)}, include_properties=["id", "note", "large"]
)
"""
SQLMODEL = """\
from sqlmodel import Field, SQLModel


class Noted(SQLModel):
    note: str | None = None


class Order(Noted, table=True):
    __tablename__ = "orders"
    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(sa_column_kwargs={"server_default": "x"})
"""
ALL = ("id", "note", "total", "sum", "large", "kind", "state")
SCHEMA = Schema(
    tables={
        name: Table(name=name, columns=tuple(Column(name=each, type=None) for each in ALL))
        for name in (Name("public", "orders"), Name("shop", "things"))
    }
)


def found(
    folder: Path,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str = "",
    schema: Schema = SCHEMA,
    search_path: tuple[str, ...] = ("public",),
) -> Found:
    (folder / "shop").mkdir()
    (folder / "shop/__init__.py").touch()
    (folder / "shop/models.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    asked = Asked(inputs=(f"shop.models{name}",), schema=schema, server_version=180000, search_path=search_path)
    return models.uses(asked)


def places(found: Found, kind: str = "read") -> dict[tuple[str, str], int]:
    """Return the line of each column, all of which are in the one file."""
    uses = [use for use in found.uses if use.kind == kind and use.column is not None]
    assert {use.place.file for use in uses} <= {"shop/models.py"}
    return {(use.table.name, use.column or ""): use.place.line or 0 for use in uses}


CASES = {
    "tables": (
        TABLE_MODULE,
        {"orders.id": 8, "orders.note": 9, "orders.total": 14, "things.id": 17, "things.note": 17},
    ),
    "a declarative base of 1.4": (OLD_BASE, {"orders.id": 14, "orders.note": 8, "orders.sum": 15}),
    "a declarative base of 2.0": (
        NEW_BASE,
        {"orders.id": 27, "orders.kind": 28, "orders.state": 29, "orders.note": 35, "things.id": 43, "things.note": 44},
    ),
    "imperative": (IMPERATIVE, {"orders.id": 13, "orders.note": 14}),
    "SQLModel": (SQLMODEL, {"orders.note": 5, "orders.id": 10, "orders.kind": 11}),
}


@pytest.mark.parametrize("style", CASES)
def test_styles(style: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, lines = CASES[style]
    used = found(tmp_path, text, monkeypatch)
    assert used.unread == ()
    assert {f"{table}.{column}": line for (table, column), line in places(used).items()} == lines
    assert (used.consumer, used.compatibility) == ("shop", "read-write")


def test_the_first_schema_of_the_search_path_is_the_first_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = found(tmp_path, TABLE_MODULE, monkeypatch, search_path=("postgres", "public"))  # "$user", public
    assert {str(use.table) for use in used.uses} == {"public.orders", "shop.things"}


def test_what_is_computed_is_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = found(tmp_path, TABLE_MODULE, monkeypatch)
    assert set(places(used)) - set(places(used, "inserted")) == {("orders", "total")}
    assert places(used, "inserted") == places(used, "updated")


def test_what_is_relied_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = found(tmp_path, NEW_BASE, monkeypatch)
    stated = {(each.table.name, each.column, each.key): each.value for each in used.guarantees}
    assert stated["orders", "id", "primaryKey"] is True
    assert stated["orders", "kind", "is_nullable"] is False
    assert stated["orders", "note", "is_nullable"] is True
    assert ("orders", "state", "enum") in stated
    assert ("orders", "id", "column_default") in stated
    assert ("orders", "large", "is_nullable") not in stated


def test_a_key_of_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = found(tmp_path, OLD_BASE, monkeypatch)
    assert [each.value for each in used.guarantees if each.key == "unique"] == [["note"]]


def test_what_is_deferred_is_said_to_be_inserted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [note] = found(tmp_path, OLD_BASE, monkeypatch).notes
    assert note.startswith("shop/models.py:16: orders.large is deferred")


WRITTEN = """\
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, deferred, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __table__ = sa.Table(
        "orders",
        Base.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("note", sa.Text, default=""),
        sa.Column("state", sa.Text, onupdate="x"),
        sa.Column("kind", sa.Text, server_default="x"),
        sa.Column("total", sa.Text),
    )
    __mapper_args__ = {"include_properties": ["id"]}


class Thing(Base):
    __tablename__ = "things"
    __table_args__ = {"schema": "shop"}
    __mapper_args__ = {"eager_defaults": EAGER}
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(server_default="x", deferred=True)
"""


def test_what_python_gives_a_value_is_written_without_being_mapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Core does it with each column of the table, ``INSERT INTO orders (note)``, ``UPDATE orders SET state``."""
    used = found(tmp_path, WRITTEN.replace("EAGER", "False"), monkeypatch)
    assert {column for table, column in places(used, "inserted") if table == "orders"} == {"id", "note", "state"}
    assert used.notes == ()


@pytest.mark.parametrize("eager", ["True", '"auto"'])
def test_what_is_deferred_is_returned_by_inserts(eager: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As SQLAlchemy does: ``INSERT INTO things ... RETURNING note``."""
    [note] = found(tmp_path, WRITTEN.replace("EAGER", eager), monkeypatch).notes
    assert note.startswith("shop/models.py:27: shop.things.note is deferred")


@pytest.mark.parametrize("name", [":orders", ":metadata"])
def test_a_name_chooses(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used = found(tmp_path, TABLE_MODULE, monkeypatch, name=name)
    assert {use.table.name for use in used.uses} == ({"orders"} if name == ":orders" else {"orders", "things"})


def test_what_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = Name("public", "orders")
    schema = Schema(
        tables={name: Table(name=name, columns=(Column(name="id", type=None), Column(name="notes", type=None)))}
    )
    used = found(tmp_path, TABLE_MODULE, monkeypatch, schema=schema)
    assert list(map(str, used.unread)) == [
        "shop/models.py:9: there is no column orders.note; notes?",
        "shop/models.py:14: there is no column orders.total",
        "shop/models.py:17: table things is of shop.things, which does not exist",
    ]
    assert set(places(used)) == {("orders", "id")}


TWO_BASES = """\
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class One(DeclarativeBase):
    pass


class Two(DeclarativeBase):
    pass


class A(One):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class B(Two):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
"""
REFUSED = {
    "nothing": ("x = 1\n", "", "shop.models holds no MetaData, declarative base or table that has columns."),
    "two bases": (TWO_BASES, "", "shop.models has several declarative bases: name one as shop.models:NAME."),
    "another name": (TABLE_MODULE, ":orderz", "shop.models:orderz is no MetaData, declarative base or table."),
    "a failing import": (
        "import sqlalchemy\n\nimport not_installed\n",
        "",
        "shop.models cannot be imported: ModuleNotFoundError: No module named 'not_installed' (shop/models.py:3)",
    ),
    "a database": (
        "import sqlalchemy as sa\nm = sa.MetaData()\nm.reflect(sa.create_engine('postgresql+psycopg://127.0.0.1:1/x'))\n",
        "",
        (
            "shop.models cannot be imported: RefusedError: it opens a database connection, which is refused while "
            "models are read (shop/models.py:3)"
        ),
    ),
    "an exit": ("import sys\nsys.exit(4)\n", "", "shop.models cannot be imported: SystemExit: 4 (shop/models.py:2)"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, name, message = REFUSED[what]
    with pytest.raises(CannotCheck) as error:
        found(tmp_path, text, monkeypatch, name=name)
    assert str(error.value) == message


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotCheck, match="Permission denied"):
        found(tmp_path, f"open('log.txt', 'w')\n{TABLE_MODULE}", monkeypatch)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["__init__.py", "models.py", "shop"]

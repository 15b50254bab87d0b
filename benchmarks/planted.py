"""A folder in, a project out: a base of tables under contract, ten revisions that break one each, ten that break none.

The contracts are written twice, with the same facts: in the base format, and as one ODCS file for tools that read that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.projects import REVISION

__all__ = ["BREAKS", "HARMLESS", "ODCS", "Change", "rows", "write"]

ODCS = "shop.odcs.yaml"

_INI = """\
[alembic]
script_location = %(here)s/migrations
prepend_sys_path = .
path_separator = os

[alembic_contracts]
contracts = contracts
"""
_ENV = """\
import contextlib, os
from alembic import context
from models import metadata as target_metadata
from sqlalchemy import NullPool, create_engine

try:
    from alembic_contracts import guard
except ImportError:
    guard = None
if guard is None or os.environ.get("GUARD") == "off":
    guard = lambda context: contextlib.nullcontext()

url = os.environ["DATABASE_URL"]
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, target_metadata=target_metadata)
    with context.begin_transaction(), guard(context):
        context.run_migrations()
else:
    engine = context.config.attributes.get("connection") or create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction(), guard(context):
            context.run_migrations()
"""
_MODELS = """\
import os
from sqlalchemy import MetaData, NullPool, create_engine

metadata = MetaData()
if "MODELS_LIKE" in os.environ:  # in place of classes: what this database has
    metadata.reflect(create_engine(os.environ["MODELS_LIKE"], poolclass=NullPool))
    metadata.remove(metadata.tables["alembic_version"])
"""
_CONFTEST = """\
import os
import pytest, sqlalchemy

@pytest.fixture
def alembic_engine():
    server = sqlalchemy.create_engine(os.environ["DATABASE_URL"], isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE IF EXISTS tested")
        connection.exec_driver_sql("CREATE DATABASE tested")
    server.dispose()
    return sqlalchemy.create_engine(server.url.set(database="tested"), poolclass=sqlalchemy.NullPool)
"""


@dataclass(frozen=True, slots=True)
class Change:
    """What one revision does to one table."""

    revision: str
    table: str
    what: str
    upgrade: str
    downgrade: str


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that every tool is told the same of."""

    made: str
    """How a script makes it, behind its name."""
    type: str
    """In SQL."""
    value: str
    """Of the one row that the table has, in SQL."""
    contracted: bool = True
    nullable: bool = True
    default: str | None = None
    labels: tuple[str, ...] = ()
    unique: bool = False
    references: str | None = None


def _text(value: str = "'x'", *, contracted: bool = True, **more: Any) -> _Column:
    return _Column("sa.Text", "text", value, contracted, **more)


_NOTE = _text(contracted=False)
_TABLES: dict[str, dict[str, _Column]] = {
    "customers": {"email": _text(), "name": _text()},
    "products": {"title": _text(), "price": _Column("sa.Numeric(10, 2)", "numeric(10,2)", "1")},
    "orders": {
        "total": _Column("sa.Numeric(12, 2)", "numeric(12,2)", "1"),
        "placed": _Column("sa.Date", "date", "now()"),
    },
    "shipments": {"sent_to": _Column("sa.Text, nullable=False", "text", "'x'", nullable=False)},
    "accounts": {"login": _text(unique=True)},
    "coupons": {"code": _text()},
    "tickets": {"state": _Column('sa.Text, server_default="open"', "text", "'x'", default="'open'")},
    "payments": {
        "method": _Column(
            'sa.Enum("card", "cash", "cheque", name="payment_method")',
            "payment_method",
            "'card'",
            labels=("card", "cash", "cheque"),
        )
    },
    "reviews": {"product": _Column("sa.Integer", "integer", "1", references="products")},
    "events": {"payload": _text()},
    "suppliers": {"name": _text()},
    "invoices": {"paid": _Column("sa.Date", "date", "now()")},
    "stores": {"city": _text(), "legacy_code": _NOTE},
    "drafts": {"note": _NOTE},
    "employees": {"name": _text(), "badge": _Column("sa.String(20)", "varchar(20)", "'x'", contracted=False)},
    "vehicles": {"plate": _text(), "remark": _NOTE},
    "contacts": {"phone": _text(), "checked": _Column("sa.Boolean", "boolean", "true", contracted=False)},
    "vouchers": {"number": _text(unique=True)},
    "prices": {"amount": _Column("sa.Numeric(10, 2)", "numeric(10,2)", "1")},
}
"""Each has ``id integer PRIMARY KEY`` as well; one without a column under contract is under none."""

_SWAPPED = """\
op.execute("ALTER TYPE payment_method RENAME TO payment_method_old")
    op.execute("CREATE TYPE payment_method AS ENUM ({labels})")
    op.execute("ALTER TABLE payments ALTER COLUMN method TYPE payment_method USING method::text::payment_method")
    op.execute("DROP TYPE payment_method_old")"""
_DYNAMIC = '''\
op.execute("""
        DO $$
        BEGIN
            EXECUTE format('ALTER TABLE %I DROP COLUMN %I', 'events', 'payload');
        END
        $$
    """)'''
_COLUMN_BACK = 'op.add_column("{}", sa.Column("{}", sa.Text))'

BREAKS = (
    Change(
        "b01", "customers", "drops a column", 'op.drop_column("customers", "email")',
        _COLUMN_BACK.format("customers", "email"),
    ),
    Change(
        "b02", "products", "renames a column", 'op.alter_column("products", "title", new_column_name="name")',
        'op.alter_column("products", "name", new_column_name="title")',
    ),
    Change(
        "b03", "orders", "narrows a type",
        'op.alter_column("orders", "total", type_=sa.Numeric(8, 2), existing_type=sa.Numeric(12, 2))',
        'op.alter_column("orders", "total", type_=sa.Numeric(12, 2), existing_type=sa.Numeric(8, 2))',
    ),
    Change(
        "b04", "shipments", "drops NOT NULL",
        'op.alter_column("shipments", "sent_to", nullable=True, existing_type=sa.Text())',
        'op.alter_column("shipments", "sent_to", nullable=False, existing_type=sa.Text())',
    ),
    Change(
        "b05", "accounts", "drops a unique key", 'op.drop_constraint("accounts_login_key", "accounts", type_="unique")',
        'op.create_unique_constraint("accounts_login_key", "accounts", ["login"])',
    ),
    Change(
        "b06", "coupons", "drops a table", 'op.drop_table("coupons")',
        'op.create_table("coupons", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.Text))',
    ),
    Change(
        "b07", "tickets", "changes a default",
        'op.alter_column("tickets", "state", server_default="closed", existing_type=sa.Text())',
        'op.alter_column("tickets", "state", server_default="open", existing_type=sa.Text())',
    ),
    Change(
        "b08", "payments", "removes a label of an enum", _SWAPPED.format(labels="'card', 'cash'"),
        _SWAPPED.format(labels="'card', 'cash', 'cheque'"),
    ),
    Change(
        "b09", "reviews", "drops a foreign key",
        'op.drop_constraint("reviews_product_fkey", "reviews", type_="foreignkey")',
        'op.create_foreign_key("reviews_product_fkey", "reviews", "products", ["product"], ["id"])',
    ),
    Change(
        "b10", "events", "drops a column in SQL that a block puts together", _DYNAMIC,
        _COLUMN_BACK.format("events", "payload"),
    ),
)  # fmt: skip
"""Each of another kind that the contracts state, each of a table of its own."""

HARMLESS = (
    Change(
        "h01", "suppliers", "adds a column", 'op.add_column("suppliers", sa.Column("fax", sa.Text))',
        'op.drop_column("suppliers", "fax")',
    ),
    Change(
        "h02", "invoices", "adds an index", 'op.create_index("invoices_paid", "invoices", ["paid"])',
        'op.drop_index("invoices_paid")',
    ),
    Change(
        "h03", "stores", "drops a column that nobody relies on", 'op.drop_column("stores", "legacy_code")',
        _COLUMN_BACK.format("stores", "legacy_code"),
    ),
    Change(
        "h04", "drafts", "drops a table that nobody relies on", 'op.drop_table("drafts")',
        'op.create_table("drafts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))',
    ),
    Change(
        "h05", "employees", "widens a column that nobody relies on",
        'op.alter_column("employees", "badge", type_=sa.String(40), existing_type=sa.String(20))',
        'op.alter_column("employees", "badge", type_=sa.String(20), existing_type=sa.String(40))',
    ),
    Change(
        "h06", "vehicles", "renames a column that nobody relies on",
        'op.alter_column("vehicles", "remark", new_column_name="note")',
        'op.alter_column("vehicles", "note", new_column_name="remark")',
    ),
    Change(
        "h07", "contacts", "sets NOT NULL where nobody relies on it",
        'op.alter_column("contacts", "checked", nullable=False, existing_type=sa.Boolean())',
        'op.alter_column("contacts", "checked", nullable=True, existing_type=sa.Boolean())',
    ),
    Change(
        "h08", "vouchers", "replaces a unique key by one of another name",
        'op.drop_constraint("vouchers_number_key", "vouchers", type_="unique")\n'
        '    op.create_unique_constraint("vouchers_number", "vouchers", ["number"])',
        'op.drop_constraint("vouchers_number", "vouchers", type_="unique")\n'
        '    op.create_unique_constraint("vouchers_number_key", "vouchers", ["number"])',
    ),
    Change(
        "h09", "prices", "changes rows", 'op.execute("UPDATE prices SET amount = 2 WHERE amount < 2")', "pass"
    ),
    Change(
        "h10", "audits", "adds a table",
        'op.create_table("audits", sa.Column("id", sa.Integer, primary_key=True), sa.Column("said", sa.Text))',
        'op.drop_table("audits")',
    ),
)  # fmt: skip
"""Each keeps every contract."""


def write(folder: Path) -> None:
    """Write the project to a folder: ``start``, and after it a harmless revision and a break in turn."""
    versions, contracts = folder / "migrations" / "versions", folder / "contracts"
    versions.mkdir(parents=True)
    contracts.mkdir()
    (folder / "alembic.ini").write_text(_INI)
    (folder / "tests").mkdir()
    (folder / "tests" / "conftest.py").write_text(_CONFTEST)
    (folder / "models.py").write_text(_MODELS)
    (folder / "migrations" / "env.py").write_text(_ENV)
    made = "\n    ".join(map(_made, _TABLES))
    gone = "\n    ".join(
        [*(f'op.drop_table("{name}")' for name in reversed(_TABLES)), 'op.execute("DROP TYPE payment_method")']
    )
    changes = [Change("start", "", "makes the tables", made, gone)]
    changes += [change for pair in zip(HARMLESS, BREAKS, strict=True) for change in pair]
    for before, change in zip((None, *changes), changes, strict=False):
        text = REVISION.format(
            revision=change.revision,
            down=before and before.revision,
            upgrade=change.upgrade,
            downgrade=change.downgrade,
        )
        (versions / f"{change.revision}.py").write_text(f'"""{change.what.capitalize()}"""\n\n{text}')
    for name in _contracted():
        (contracts / f"{name}.json").write_text(json.dumps(_native(name), indent=1))
    (folder / ODCS).write_text(json.dumps(_odcs(), indent=1))


def rows() -> Iterator[str]:
    """Yield statements that give each table of the base one row, since some tools judge by rows."""
    for name, columns in _TABLES.items():
        yield f"INSERT INTO {name} VALUES (1, {', '.join(column.value for column in columns.values())})"


def _contracted() -> Iterator[str]:
    yield from (name for name, columns in _TABLES.items() if any(column.contracted for column in columns.values()))


def _made(name: str) -> str:
    parts = ['sa.Column("id", sa.Integer, primary_key=True)']
    for column, each in _TABLES[name].items():
        parts.append(f'sa.Column("{column}", {each.made})')
        if each.unique:
            parts.append(f'sa.UniqueConstraint("{column}", name="{name}_{column}_key")')
        if each.references:
            parts.append(
                f'sa.ForeignKeyConstraint(["{column}"], ["{each.references}.id"], name="{name}_{column}_fkey")'
            )
    return f'op.create_table("{name}", {", ".join(parts)})'


def _native(name: str) -> dict[str, Any]:
    columns = {column: each for column, each in _TABLES[name].items() if each.contracted}
    properties: dict[str, Any] = {
        "id": {"constraints": {"primaryKey": True, "data_type": "integer", "is_nullable": False}}
    }
    for column, each in columns.items():
        stated = {**_in_the_catalog(each.type), "is_nullable": each.nullable}
        stated |= {"column_default": each.default} if each.default else {}
        properties[column] = {"constraints": stated | ({"enum": each.labels} if each.labels else {})}
    unique = [[column] for column, each in columns.items() if each.unique]
    keys = [
        {"columns": [column], "references": {"table_name": each.references, "columns": ["id"]}}
        for column, each in columns.items()
        if each.references
    ]
    schema = {"table_schema": "public", "table_name": name, "unique": unique, "foreign_keys": keys}
    return {
        "spec-version": "1.0.0",
        "name": name,
        "namespace": "shop",
        "owner": {"name": "Shop"},
        "schema": {**schema, "properties": properties},
    }


def _in_the_catalog(type_: str) -> dict[str, Any]:
    """Return a type in the words of information_schema, which the base format shares."""
    name, _, modifier = type_.rstrip(")").partition("(")
    if name == "numeric":
        precision, scale = map(int, modifier.split(","))
        return {"data_type": name, "numeric_precision": precision, "numeric_scale": scale}
    return {"data_type": "USER-DEFINED" if name == "payment_method" else name}


def _odcs() -> dict[str, Any]:
    return {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "shop",
        "name": "shop",
        "version": "1.0.0",
        "status": "active",
        "servers": [
            {
                "server": "here",
                "type": "postgres",
                "host": "localhost",
                "port": 5432,
                "database": "shop",
                "schema": "public",
            }
        ],
        "schema": [_odcs_table(name) for name in _contracted()],
    }


def _odcs_table(name: str) -> dict[str, Any]:
    properties: list[dict[str, Any]] = [{"name": "id", "physicalType": "integer", "required": True, "primaryKey": True}]
    for column, each in _TABLES[name].items():
        if each.contracted:
            stated = {"name": column, "required": not each.nullable, "unique": each.unique}
            enum = {"logicalType": "string", "enum": [{"value": label} for label in each.labels]}
            stated |= enum if each.labels else {"physicalType": each.type}
            stated |= {"relationships": [{"to": f"{each.references}.id"}]} if each.references else {}
            properties.append(stated)
    return {"name": name, "properties": properties}

"""A valid project, as texts: each kind of file that the product reads, with all that can stand in it."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["FILES", "NATIVE", "ODCS", "SNAPSHOT"]

_CONSTRAINTS: dict[str, dict[str, Any]] = {
    "id": {"primaryKey": True, "data_type": "integer", "is_nullable": False, "identity_generation": "NEVER"},
    "total": {"data_type": "numeric", "numeric_precision": 10, "numeric_scale": 2, "is_updatable": True},
    "state": {"data_type": "character varying", "character_maximum_length": 20, "column_default": "'new'"},
    "placed": {"data_type": "timestamp with time zone", "datetime_precision": 6, "is_generated": "NEVER"},
    "customer": {"data_type": "integer", "is_nullable": True},
}
NATIVE: dict[str, Any] = {
    "spec-version": "1.0.0",
    "name": "orders",
    "namespace": "shop",
    "version": "2.1",
    "doc": "What the reports read.",
    "compatibility": "reader",
    "status": "active",
    "owner": {"name": "Reporting", "email": "reporting@example.org"},
    "schema": {
        "table_schema": "public",
        "table_name": "orders",
        "sunset": "2999-12-31",
        "closed": False,
        "column_order": False,
        "table_type": "table",
        "unique": [["id"]],
        "foreign_keys": [{"columns": ["customer"], "references": {"table_name": "people", "columns": ["id"]}}],
        "checks": ["total > 0"],
        "row_security": False,
        "replica_identity": "default",
        "privileges": [{"role": "analytics", "privileges": ["SELECT"], "columns": ["id"]}],
        "publications": [{"name": "changes", "columns": ["id"], "row_filter": "total > 0"}],
        "properties": {name: {"title": name, "constraints": stated} for name, stated in _CONSTRAINTS.items()},
    },
}

ODCS = """\
kind: DataContract
apiVersion: v3.2.0
id: people-contract
name: people
domain: shop
version: 1.0.0
status: active
description:
  purpose: "Who orders."
team:
  - {username: crm@example.org, role: owner}
support:
  - channel: mail
    url: mailto:crm@example.org
servers:
  - server: production
    type: postgres
    host: db.example.org
    port: 5432
    database: shop
    schema: public
customProperties:
  - {property: compatibility, value: reader, vendor: alembic_contracts}
schema:
  - name: people
    physicalName: people
    logicalType: object
    physicalType: table
    customProperties:
      - property: unique
        vendor: alembic_contracts
        value: [[id]]
    properties:
      - name: id
        logicalType: integer
        physicalType: integer
        required: true
        primaryKey: true
        primaryKeyPosition: 1
      - name: email
        logicalType: string
        physicalType: varchar(200)
        logicalTypeOptions: {maxLength: 200, pattern: "^[^@]+@[^@]+$"}
        unique: true
        customProperties:
          - {property: column_default, vendor: alembic_contracts, value: "''"}
      - name: born
        logicalType: date
        physicalType: date
        deprecated: true
"""

SNAPSHOT: dict[str, Any] = {
    "format": 1,
    "revisions": ["a1"],
    "server_version": 180000,
    "search_path": ["public"],
    "schema": {
        "tables": {
            "public.people": {
                "kind": "table",
                "columns": {
                    "id": {
                        "type": "pg_catalog.int4",
                        "not_null": True,
                        "default": "nextval('people_id_seq'::regclass)",
                    },
                    "email": {"type": "pg_catalog.varchar(200)", "not_null": True},
                    "born": {"type": "pg_catalog.date"},
                },
                "constraints": {
                    "people_pkey": {"kind": "primary key", "columns": ["id"]},
                },
            }
        },
    },
}

_WAIVERS = """\
waivers:
  - contract: shop/orders
    fact: column-type public.orders.total
    revision: b2
    reason: agreed with the reports' owners
    approver: Reporting
    expiry: 2999-12-31
"""
_LIFECYCLE = """\
status: active
compatibility: full
sunset: 2999-12-31
tables:
  orders: {sunset: 2999-12-31}
columns:
  orders.total: {sunset: 2999-12-31}
"""
_PYPROJECT = """\
[project]
name = "shop"
version = "1.0"

[tool.alembic]
script_location = "%(here)s/migrations"

[tool.alembic_contracts]
contracts = ["contracts"]
enforce = "introduced"
downgrade = "report"
unproven = "refuse"
autogenerate = "warn"
settle = "never"
snapshot = "schema_snapshot.json"
rules = { column-type = "error", column-updatable = "off" }
"""
_INI = """\
[alembic]
script_location = %(here)s/migrations

[alembic_contracts]
contracts = contracts
enforce = introduced
settle = never
rules =
    column-type = error
    column-updatable = off

[loggers]
keys = root
"""
_ENV = """\
from alembic import context

import alembic_contracts

context.configure(dialect_name="postgresql", literal_binds=True)
with context.begin_transaction(), alembic_contracts.guard(context):
    context.run_migrations()
"""
_FIRST = '''\
"""people"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "people",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(200), nullable=False, unique=True, server_default=""),
        sa.Column("born", sa.Date),
    )


def downgrade():
    op.drop_table("people")
'''
_SECOND = '''\
"""orders"""

import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("total", sa.Numeric(10, 2), sa.CheckConstraint("total > 0")),
        sa.Column("state", sa.String(20), server_default="new"),
        sa.Column("placed", sa.TIMESTAMP(timezone=True)),
        sa.Column("customer", sa.Integer, sa.ForeignKey("people.id")),
    )
    op.execute("ALTER TABLE orders ADD UNIQUE (id)")


def downgrade():
    op.drop_table("orders")
'''
FILES: dict[str, str] = {
    "contracts/orders.json": json.dumps(NATIVE, indent=2),
    "contracts/people.odcs.yaml": ODCS,
    "contracts/waivers.yaml": _WAIVERS,
    "contracts/orders.lifecycle.yaml": _LIFECYCLE,
    "pyproject.toml": _PYPROJECT,
    "alembic.ini": _INI,
    "schema_snapshot.json": json.dumps(SNAPSHOT, indent=1),
    "migrations/env.py": _ENV,
    "migrations/versions/a1_people.py": _FIRST,
    "migrations/versions/b2_orders.py": _SECOND,
}
"""By path. Settings stand in both files; a project has one of the two."""

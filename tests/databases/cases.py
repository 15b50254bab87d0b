"""Each rule's scenario: what a contract states, scripts after which it holds, and a change that breaks just that.

Scripts are written with Alembic's operations, so that they are the same on each database; what only one of them has is
in the SQL of ``tests/judging/rules/test_facts.py``, which is run here by Alembic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from tests.judging.rules.test_facts import CASES as FACTS

__all__ = ["CASES", "Case"]


class Case(Struct, frozen=True, kw_only=True):
    """A rule's scenario."""

    rule: str
    create: str
    change: str
    columns: Mapping[str, Any] = field(default_factory=lambda: {"c": {}})
    stated: Mapping[str, Any] = {}
    """Of the table, or the contract."""
    only: str = ""
    """The one kind of database on which the scripts run; empty: all."""


def _table(*parts: str, name: str = "t") -> str:
    """A table with a key that no scenario is about, and what else it has."""
    key = 'sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)'
    return f'op.create_table("{name}", {", ".join((key, *parts))})'


def _batch(what: str) -> str:
    return f'with op.batch_alter_table("t") as batch:\n    batch.{what}'


def _states(**constraints: Any) -> dict[str, Any]:
    return {"c": {"constraints": constraints}}


C = 'sa.Column("c", sa.Integer)'
AGAIN = 'op.drop_table("t")\n'
"""What batch mode cannot change on each database is made again: what counts is what is there in the end."""
VIEW = f'{AGAIN}op.execute("CREATE VIEW t AS SELECT DISTINCT id, c FROM u")'
U = _table(C, name="u") + "\n"

_EVERYWHERE = (
    Case(rule="table-exists", create=_table(C), change='op.drop_table("t")'),
    Case(rule="column-exists", create=_table(C), change=_batch('drop_column("c")')),
    Case(
        rule="column-type",
        create=_table(C),
        change=_batch('alter_column("c", existing_type=sa.Integer, type_=sa.String(20))'),
        columns=_states(data_type="@whole"),
    ),
    Case(
        rule="column-nullable",
        create=_table('sa.Column("c", sa.Integer, nullable=False)'),
        change=_batch('alter_column("c", existing_type=sa.Integer, nullable=True)'),
        columns=_states(is_nullable=False),
    ),
    Case(
        rule="primary-key",
        create=_table(C),
        change=f'{AGAIN}op.create_table("t", sa.Column("id", sa.Integer, nullable=False), {C})',
        columns={"id": {"constraints": {"primaryKey": True}}},
    ),
    Case(
        rule="unique",
        create=_table(C, 'sa.UniqueConstraint("c", name="uq")'),
        change=_batch('drop_constraint("uq", type_="unique")'),
        stated={"unique": [["c"]]},
    ),
    Case(
        rule="foreign-key",
        create=U + _table(C, 'sa.ForeignKeyConstraint(["c"], ["u.id"], name="fk")'),
        change=_batch('drop_constraint("fk", type_="foreignkey")'),
        stated={"foreign_keys": [{"columns": ["c"], "references": {"table_name": "u", "columns": ["id"]}}]},
    ),
    Case(
        rule="extra-column",
        create=_table(C),
        change='op.add_column("t", sa.Column("more", sa.Integer))',
        columns={"id": {}, "c": {}},
        stated={"closed": True},
    ),
    Case(
        rule="required-column",
        create=_table(C),
        change=(  # SQLite adds no such column to a table that is there
            "with op.batch_alter_table(\n"
            '    "t", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never"\n'
            ") as batch:\n"
            '    batch.add_column(sa.Column("more", sa.Integer, nullable=False))'
        ),
        stated={"compatibility": "writer"},
    ),
    Case(
        rule="new-constraint",
        create=_table(C),
        change=_batch('create_unique_constraint("uq", ["c"])'),
        stated={"compatibility": "writer"},
    ),
    Case(
        rule="character-length",
        create=_table('sa.Column("c", sa.String(20))'),
        change=_batch('alter_column("c", existing_type=sa.String(20), type_=sa.String(10))'),
        columns=_states(character_maximum_length=20),
    ),
    Case(
        rule="numeric-precision",
        create=_table('sa.Column("c", sa.Numeric(10, 2))'),
        change=_batch('alter_column("c", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(12, 2))'),
        columns=_states(numeric_precision=10),
    ),
    Case(
        rule="numeric-scale",
        create=_table('sa.Column("c", sa.Numeric(10, 2))'),
        change=_batch('alter_column("c", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(10, 3))'),
        columns=_states(numeric_scale=2),
    ),
    Case(
        rule="column-default",
        create=_table('sa.Column("c", sa.String(20), server_default="new")'),
        change=_batch('alter_column("c", existing_type=sa.String(20), server_default="old")'),
        columns=_states(column_default="'new'"),
    ),
    Case(
        rule="column-generated",
        create=_table(C),
        change=AGAIN + _table('sa.Column("c", sa.Integer, sa.Computed("id + 1", persisted=True))'),
        columns=_states(is_generated="NEVER"),
    ),
    Case(
        rule="column-order",
        create=_table(C),
        change=f'{AGAIN}op.create_table("t", {C}, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))',
        columns={"id": {}, "c": {}},
        stated={"column_order": True},
    ),
    Case(
        rule="check",
        create=_table(C, 'sa.CheckConstraint("c > 0", name="ck")'),
        change=AGAIN + _table(C),
        stated={"checks": ["c > 0"]},
    ),
    Case(
        rule="relation-kind",
        create=U + _table(C),
        change=VIEW,
        stated={"table_type": "BASE TABLE"},
    ),
    Case(rule="column-updatable", create=U + _table(C), change=VIEW, columns=_states(is_updatable=True)),
    *(
        Case(
            rule="collation",
            create=_table(f'sa.Column("c", sa.String(20, collation="{collation}"))'),
            change=AGAIN + _table('sa.Column("c", sa.String(20))'),
            columns=_states(collation_name=collation),
            only=kind,
        )
        for kind, collation in (("postgresql", "C"), ("sqlite", "NOCASE"), ("mariadb", "latin1_bin"))
    ),
)


def _sql(text: str) -> str:
    return f"op.execute({text!r})"


def _of_postgresql(rule: str) -> Case:
    """A case of PostgreSQL's own, in SQL."""
    fact = next(case for case in FACTS if case.rule == rule)
    constraints = dict(fact.column or {})
    element = constraints.pop("@element", None)
    column = {"constraints": constraints} | ({"array_element": {"data_type": element}} if element else {})
    stated = dict(fact.table) | ({"compatibility": fact.compatibility} if fact.compatibility != "exact" else {})
    return Case(
        rule=rule,
        create=_sql(fact.create),
        change=_sql(fact.change),
        columns={"c": column},
        stated=stated,
        only="postgresql",
    )


_READ = _sql("CREATE TABLE t (c integer); GRANT SELECT ON t TO pg_monitor")

CASES = (
    *_EVERYWHERE,
    *map(
        _of_postgresql,
        (
            "array-element-type",
            "column-identity",
            "domain",
            "enum-labels",
            "lost-publication",
            "publication",
            "published-key",
            "replica-identity",
            "row-level-security",
            "row-security-enabled",
        ),
    ),
    Case(
        rule="datetime-precision",
        create=_table('sa.Column("c", postgresql.TIMESTAMP(precision=6))'),
        change=_batch('alter_column("c", type_=postgresql.TIMESTAMP(precision=3))'),
        columns=_states(datetime_precision=6),
        only="postgresql",
    ),
    Case(
        rule="privileges",
        create=_READ,
        change=_sql("REVOKE SELECT ON t FROM pg_monitor"),
        stated={"privileges": [{"role": "pg_monitor", "privileges": ["SELECT"]}]},
        only="postgresql",
    ),
    Case(
        rule="lost-privileges",
        create=_READ,
        change=_sql("DROP TABLE t; CREATE TABLE t (c integer)"),
        stated={"compatibility": "reader"},
        only="postgresql",
    ),
)

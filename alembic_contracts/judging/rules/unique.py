"""The columns together are unique, as the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Instead, Outcome, Portable, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import INDEXED, in_tables_only, is_view
from alembic_contracts.schemas.schema import Table


def _words(columns: tuple[str, ...]) -> str:
    return f"UNIQUE ({', '.join(columns)})"


def _unique(table: Table) -> list[tuple[str | None, ...]]:
    """Return what is guaranteed to be unique: keys, constraints, and valid indexes of whole columns on all rows."""
    constraints = [c.columns for c in table.constraints if c.kind in ("primary key", "unique")]
    indexes = [i.columns for i in table.indexes if i.unique and i.valid and i.predicate is None and not i.expressions]
    return [*constraints, *indexes]


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    expected = set(cast("tuple[str, ...]", fact.expected))
    found = any(set(columns) == expected for columns in _unique(cast("Table", subject.table)))
    return HOLDS if found else Differs("not unique")


_ADDED = '    op.create_index("uq_{constraint}", "{table_name}", {columns}, unique=True{schema})\n'


RULE = Rule(
    id="unique",
    summary="The stated columns together are unique.",
    description=(
        "Readers join by it without duplicates, writers name it in ON CONFLICT (SQLSTATE 42P10 without it). A primary "
        "key, a unique constraint or a valid unique index of exactly these columns will do, in any order; one with a "
        "condition or an expression will not. Source: pg_constraint contype 'p' and 'u', pg_index.indisunique."
    ),
    cause="{table} has no {expected}.",
    consequence="Joins can yield duplicates, and ON CONFLICT on these columns fails.",
    remedy=(
        "Keep it, or put it back in the same revision:\n"
        '    op.execute("{add_unique}")\n'
        f"{INDEXED}"
        "If nobody relies on it, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Add it in a migration:\n"
        '    op.execute("{add_unique}")\n'
        f"{INDEXED}"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("unique constraint", ("view", "foreign table")),
        Instead(
            when=is_view,
            what="it is a materialized view",
            remedy=(
                "Give the materialized view a unique index in the same revision:\n"
                '    op.execute("CREATE UNIQUE INDEX ON {sql_table} ({sql_columns})")\n'
                "Price: it builds an index while REFRESH has to wait; readers go on.\n"
                "If nobody relies on it, ask {owner} to change {contract_place} first."
            ),
            fix=(
                "Give the materialized view a unique index in a migration:\n"
                '    op.execute("CREATE UNIQUE INDEX ON {sql_table} ({sql_columns})")\n'
                "Price: it builds an index while REFRESH has to wait; readers go on.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            ),
        ),
    ),
    portable=Portable(
        consequence="Joins can yield duplicates, and upserts by these columns no longer work.",
        remedy=(
            "Keep it, or put it back in the same revision; a unique index is as good:\n"
            f"{_ADDED}"
            "If nobody relies on it, ask {owner} to change {contract_place} first."
        ),
        fix=f"Add it in a migration:\n{_ADDED}If the contract is wrong, ask {{owner}} to correct {{contract_place}}.",
    ),
    expected=lambda fact, _dialect: _words(cast("tuple[str, ...]", fact.expected)),
    evaluate=_evaluate,
    reads=frozenset(("indexes",)),
    breaks=breaking("reader", warning=("writer", "cdc")),
)

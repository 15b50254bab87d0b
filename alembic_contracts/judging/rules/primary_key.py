"""The primary key consists of the columns that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Portable,
    Rule,
    Situation,
    Subject,
    breaking,
)
from alembic_contracts.judging.rules._ways import ANEW, IN_BATCH_ANEW, INDEXED, VIEWS, in_tables_only
from alembic_contracts.schemas.schema import Table


def _key(columns: tuple[str, ...]) -> str:
    return f"PRIMARY KEY ({', '.join(columns)})" if columns else "no primary key"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    table = cast("Table", subject.table)
    expected = cast("tuple[str, ...]", fact.expected)
    # Without a key, UPDATE and DELETE on a published table are refused (55000); elsewhere ON CONFLICT (...) is.
    writers = breaking("writer") if table.publications else breaking(warning=("writer",))
    breaks = {**breaking("reader", "cdc"), **writers}
    if not expected:
        return Differs("part of the " + _key(table.primary_key), breaks) if fact.column in table.primary_key else HOLDS
    # Exactly these columns: one more, and each of them alone no longer identifies a row.
    if set(table.primary_key) != set(expected):
        return Differs(_key(table.primary_key), breaks)
    nullable = _taking_null(table, subject)
    return Differs(f"{_key(table.primary_key)} that takes NULL in {', '.join(nullable)}", breaks) if nullable else HOLDS


def _taking_null(table: Table, subject: Subject) -> tuple[str, ...]:
    """Return columns of the key that take NULL and did not, as SQLite lets those of most keys."""
    was, is_own = subject.reference, subject.contract.kind == subject.dialect.KIND
    if was is None or not (is_own and subject.dialect.KEYS_TAKE_NULL) or set(was.primary_key) != set(table.primary_key):
        return ()
    filled = {column.name for column in was.columns if column.not_null}
    return tuple(c.name for c in table.columns if c.name in table.primary_key and c.name in filled and not c.not_null)


def _is_numbered(situation: Situation) -> bool:
    """Whether MySQL numbers a column of a key that is there, which it does for no column without one."""
    after, stated = situation.after, situation.fact.expected
    if after is None or not (stated and after.primary_key):
        return False
    from alembic_contracts.dialects.servers import is_like_mysql  # for a key that went alone

    return any(each.identity and each.type and is_like_mysql(each.type.name.schema) for each in after.columns)


_NUMBERED_ON = (
    "its columns have an index\n"
    "of their own meanwhile, since {database} numbers no column that is in none:\n"
    '    op.create_index("uq_{constraint}", "{table_name}", {columns}, unique=True{schema})\n'
    '    with op.batch_alter_table("{table_name}"{schema}) as batch:\n'
    '        batch.drop_constraint("PRIMARY", type_="primary")\n'
    '        batch.create_primary_key("pk_{constraint}", {columns})\n'
    '    op.drop_index("uq_{constraint}", "{table_name}"{schema})\n'
)
_ADDED = f'{IN_BATCH_ANEW}        batch.create_primary_key("pk_{{constraint}}", {{columns}})\n{ANEW}'


RULE = Rule(
    id="primary-key",
    summary="The primary key consists of exactly the stated columns.",
    description=(
        "Consumers join on the key, upsert by it (ON CONFLICT) and replicate by it. Dropped or widened, rows that were "
        "unique no longer are. The order of its columns does not count. On SQLite a key that takes NULL, and did not, "
        "is none either. Source: pg_constraint.conkey, contype 'p'; on SQLite pragma_table_xinfo."
    ),
    cause="{table} has {actual} instead of {expected}.",
    consequence="Joins can yield duplicates, ON CONFLICT on the key fails, and replication loses its row identity.",
    remedy=(
        "Keep the key, or put it back in the same revision, once what took its place is dropped:\n"
        '    op.execute("{add_primary_key}")\n'
        f"{INDEXED}"
        "What else has to be unique gets a unique constraint of its own.\n"
        "If the key must change, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Give the table the stated key in a migration; another one that it has is dropped before:\n"
        '    op.execute("{add_primary_key}")\n'
        f"{INDEXED}"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("primary key", (*VIEWS, "foreign table")),
        Instead(
            when=_is_numbered,
            what="MySQL numbers a column of another key",
            portable=Portable(
                remedy=(
                    f"Keep the key, or put it back in the same revision; {_NUMBERED_ON}"
                    "What else has to be unique gets a unique constraint of its own.\n"
                    "If the key must change, ask {owner} to change {contract_place} first."
                ),
                fix=(
                    f"Give the table the stated key in a migration; {_NUMBERED_ON}"
                    "If the contract is wrong, ask {owner} to correct {contract_place}."
                ),
            ),
        ),
        Instead(
            when=lambda situation: not situation.fact.expected,
            what="the column was stated to be in no primary key",
            remedy=(
                "Leave {column} out of the primary key. Where rows have to be unique by it, give it a constraint:\n"
                '    op.execute("ALTER TABLE {sql_table} ADD UNIQUE ({sql_columns})")\n'
                f"{INDEXED}"
                "If it must be in the key, ask {owner} to change {contract_place} first."
            ),
            fix=(
                "Make a primary key without {column} in a migration.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            ),
            portable=Portable(
                remedy=(
                    "Leave {column} out of the primary key. Where rows have to be unique by it, give it an index:\n"
                    '    op.create_index("uq_{constraint}", "{table_name}", {columns}, unique=True{schema})\n'
                    "If it must be in the key, ask {owner} to change {contract_place} first."
                )
            ),
        ),
    ),
    portable=Portable(
        consequence="Joins can yield duplicates, and upserts by the key no longer work.",
        remedy=(
            "Keep the key, or put it back in the same revision; another one that took its place is dropped before:\n"
            f"{_ADDED}"
            "What else has to be unique gets a unique constraint of its own.\n"
            "If the key must change, ask {owner} to change {contract_place} first."
        ),
        fix=(
            "Give the table the stated key in a migration; another one that it has is dropped before, but on SQLite:\n"
            f"{_ADDED}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    ),
    expected=lambda fact, _dialect: (
        _key(cast("tuple[str, ...]", fact.expected)) if fact.expected else "not part of the primary key"
    ),
    evaluate=_evaluate,
    weighs=frozenset(("publications",)),
)

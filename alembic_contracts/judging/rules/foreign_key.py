"""The columns refer to the table that the contract states."""

from collections.abc import Sequence
from typing import cast

from alembic_contracts.contracts.contract import Fact, ForeignKey
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Portable,
    Rule,
    Situation,
    Subject,
    Unknown,
    breaking,
)
from alembic_contracts.judging.rules._rows import is_as_stated
from alembic_contracts.judging.rules._ways import ANEW, IN_BATCH_ANEW, VIEWS, in_tables_only
from alembic_contracts.schemas.schema import Constraint, Table


def _words(key: ForeignKey) -> str:
    columns = f" ({', '.join(key.referenced_columns)})" if key.referenced_columns else ""
    return f"FOREIGN KEY ({', '.join(key.columns)}) REFERENCES {key.table}{columns}"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    key, table = cast("ForeignKey", fact.expected), cast("Table", subject.table)
    fitting = [each for each in table.constraints if is_as_stated(each, key)]
    if not key.referenced_columns:  # the primary key is meant
        fitting = [each for each in fitting if each.to_primary_key is not False]
    if any(each.valid for each in fitting):
        other = None if key.referenced_columns else _turned(fitting, key, subject.reference)
        return HOLDS if other is None else _may_be_no_key(other)
    # On SQLite and MySQL one is not valid where the table referred to has no such key: rows are refused.
    return Differs("one that is not valid" if fitting else "no such foreign key")


def _finds_no_key(situation: Situation) -> bool:
    """Whether the foreign key is there: on SQLite and MySQL, it is what it refers to that is not."""
    key = cast("ForeignKey", situation.fact.expected)
    there = situation.after.constraints if situation.after is not None else ()
    return any(is_as_stated(each, key) and not each.valid for each in there)


def _turned(fitting: Sequence[Constraint], key: ForeignKey, before: Table | None) -> Constraint | None:
    """Return what refers to other columns than before, where it is not known which are the primary key."""
    if any(each.to_primary_key for each in fitting):
        return None
    was = () if before is None else (each for each in before.constraints if is_as_stated(each, key))
    known = [each.referenced_columns for each in was]
    is_one = not known or any(each.referenced_columns in known for each in fitting)
    return None if is_one else fitting[0]


def _may_be_no_key(constraint: Constraint) -> Unknown:
    """Return that it is not known whether a foreign key is one to the primary key."""
    columns = ", ".join(constraint.referenced_columns)
    return Unknown(f"whether the primary key of {constraint.references} is ({columns}) could not be worked out")


def _leads_elsewhere(situation: Situation) -> bool:
    return _other(situation) is not None


def _other(situation: Situation) -> Constraint | None:
    """Return the foreign key of the stated columns that refers to another table by now."""
    key = cast("ForeignKey", situation.fact.expected)
    there = situation.after.constraints if situation.after is not None else ()
    keys = (each for each in there if each.kind == "foreign key" and each.references != key.table)
    return next((each for each in keys if set(each.columns) == set(key.columns)), None)


_ADDED = (
    f"{IN_BATCH_ANEW}"
    "        batch.create_foreign_key(\n"
    '            "{key_name}", "{referenced_table}", {columns}, {referenced_columns}{referent_schema}{key_actions}\n'
    "        )\n"
    f"{ANEW}"
)


RULE = Rule(
    id="foreign-key",
    summary="The stated columns refer to the stated table.",
    description=(
        "Readers join by it and find a row each time. Source: pg_constraint contype 'f' with convalidated, conkey, "
        "confrelid and confkey; what happens on update and delete does not count."
    ),
    cause="{table} has no valid {expected}.",
    consequence="Rows can point at what is not there, so that inner joins lose them.",
    remedy=(
        "Keep it, or put it back in the same revision:\n"
        '    op.execute("{add_foreign_key}")\n'
        "Price: writers of both tables wait until the commit (SHARE ROW EXCLUSIVE), while every row is read; readers\n"
        "go on, and nothing is rewritten.\n"
        "If nobody relies on it, ask {owner} to change {contract_place} first."
    ),
    fix=(
        "Add it in a migration:\n"
        '    op.execute("{add_foreign_key}")\n'
        "Price: writers of both tables wait until the commit (SHARE ROW EXCLUSIVE), while every row is read; readers\n"
        "go on, and nothing is rewritten.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("foreign key", (*VIEWS, "foreign table")),
        Instead(
            when=_leads_elsewhere,
            what="another table is referred to",
            remedy=(
                "The foreign key of these columns refers to another table, or to the same one under another name.\n"
                "Keep it as it is, and the name of the table that it refers to.\n"
                "If nobody relies on it, ask {owner} to change {contract_place} first."
            ),
            portable=Portable(),
        ),
        Instead(
            when=_finds_no_key,
            what="what a foreign key of SQLite's or MySQL's refers to is not there any more",
            portable=Portable(
                remedy=(
                    "The foreign key is there, but finds no such key in {referenced_table}: {database} refuses rows.\n"
                    "Keep the table, and a primary key or unique index of {referenced_columns} there.\n"
                    "If nobody relies on it, ask {owner} to change {contract_place} first."
                ),
                fix=(
                    "The foreign key is there, but finds no such key in {referenced_table}: {database} refuses rows.\n"
                    "Give {referenced_table} a unique index of {referenced_columns} in a migration.\n"
                    "If the contract is wrong, ask {owner} to correct {contract_place}."
                ),
            ),
        ),
    ),
    portable=Portable(
        remedy=(
            "Keep it, or put it back in the same revision:\n"
            f"{_ADDED}"
            "If nobody relies on it, ask {owner} to change {contract_place} first."
        ),
        fix=f"Add it in a migration:\n{_ADDED}If the contract is wrong, ask {{owner}} to correct {{contract_place}}.",
    ),
    expected=lambda fact, _dialect: _words(cast("ForeignKey", fact.expected)),
    evaluate=_evaluate,
    breaks=breaking("reader"),
)

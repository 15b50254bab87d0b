"""The columns refer to the table that the contract states."""

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
    breaking,
)
from alembic_contracts.judging.rules._ways import ANEW, IN_BATCH_ANEW, VIEWS, in_tables_only
from alembic_contracts.schemas.schema import Constraint, Table


def _words(key: ForeignKey) -> str:
    columns = f" ({', '.join(key.referenced_columns)})" if key.referenced_columns else ""
    return f"FOREIGN KEY ({', '.join(key.columns)}) REFERENCES {key.table}{columns}"


def _fits(constraint: Constraint, key: ForeignKey) -> bool:
    if constraint.kind != "foreign key" or constraint.references != key.table:
        return False
    # On SQLite, one that names none has as many as the primary key has by now, which need not fit.
    if not key.referenced_columns or len(constraint.referenced_columns) != len(constraint.columns):
        return set(constraint.columns) == set(key.columns)
    pairs = zip(constraint.columns, constraint.referenced_columns, strict=True)
    return set(pairs) == set(zip(key.columns, key.referenced_columns, strict=True))


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    key = cast("ForeignKey", fact.expected)
    found = [constraint.valid for constraint in cast("Table", subject.table).constraints if _fits(constraint, key)]
    if any(found):
        return HOLDS
    # On SQLite one is not valid where the table referred to has no such key, and each row that refers to it is refused.
    return Differs("one that is not valid" if found else "no such foreign key")


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

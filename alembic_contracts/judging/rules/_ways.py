"""Advice that several rules give: a column beside the old one, what a view has to do, what no view can have."""

from __future__ import annotations

from alembic_contracts.judging.rules import Instead, Situation
from alembic_contracts.schemas.schema import TableKind

__all__ = [
    "EXCLUSIVE",
    "INDEXED",
    "MISSPELT_TYPE",
    "RETYPED",
    "VIEWS",
    "beside",
    "in_a_view",
    "in_tables_only",
    "is_view",
    "of_a_kind",
]

VIEWS: tuple[TableKind, ...] = ("view", "materialized view")

EXCLUSIVE = "nobody reads or writes {table} until the commit (ACCESS EXCLUSIVE)"
"""What most of ALTER TABLE comes to for others."""

INDEXED = (
    f"Price: {EXCLUSIVE}, while an index is built.\n"
    "On a large table build it before: CREATE UNIQUE INDEX CONCURRENTLY in an autocommit_block() of an earlier\n"
    "revision, which this one takes over with USING INDEX.\n"
)
"""The price of a key."""

RETYPED = (
    f"Price: {EXCLUSIVE}, and unless the old values can stay as they are\n"
    "the whole table is rewritten, with its indexes. A cast can round values or cut them.\n"
)
"""The price of another type."""

MISSPELT_TYPE = Instead(
    when=lambda situation: bool(situation.meant),
    what="the contract names no type, but nearly one",
    fix=(
        "If the contract means {meant}, ask {owner} to correct {contract_place}.\n"
        "If {expected} is a type that is still to come, create it in a migration, and give it to the column."
    ),
)
"""Advice where a type is a slip away from one that there is."""

_FILLED = (
    '    op.execute("CREATE FUNCTION {fill}() RETURNS trigger "\n'
    '               "LANGUAGE plpgsql AS {tag} BEGIN "\n'
    '               "NEW.{new} := NEW.{sql_column}::{became}; RETURN NEW; END {tag}")\n'
    '    op.execute("CREATE TRIGGER {fill_trigger} "\n'
    '               "BEFORE INSERT OR UPDATE ON {sql_table} "\n'
    '               "FOR EACH ROW EXECUTE FUNCTION {fill}()")\n'
)


def beside(intro: str, outro: str, *, collated: str = "") -> str:
    """Return a remedy that adds a column of the new kind beside the old one, and has both filled.

    Args:
        intro: what it is for, a sentence.
        outro: what to do where nothing of the kind is needed.
        collated: what follows the new column's type.
    """
    return (
        f"{intro}\n"  # noqa: S608 - text for people
        "Add the column; the trigger fills it whenever {column} is written:\n"
        f'    op.execute("ALTER TABLE {{sql_table}} ADD COLUMN {{new}} {{became}}{collated}")\n'
        f"{_FILLED}"
        "Fill the rows that are there, on a large table in batches and in a revision of its own:\n"
        '    op.execute("UPDATE {sql_table} SET {new} = {sql_column}::{became}")\n'
        f"Price: {EXCLUSIVE}; {{adding}}. The UPDATE writes every row, and writers of a row wait until its commit. "
        "The application writes {column} alone; {new} is the trigger's.\n"
        f"{outro}"
    )


def is_view(situation: Situation) -> bool:
    """Whether there is a view where the fact does not hold."""
    return situation.after is not None and situation.after.kind in VIEWS


def in_a_view(how: str) -> Instead:
    """Return advice for columns of views, whose query says everything about them.

    Args:
        how: what the query has to give in place of the column.
    """
    query = (
        f"{{table}} is a {{kind}}. Have its query give {how} as {{column}}. Where it is there already, drop it before\n"
        "and create it anew: CREATE OR REPLACE VIEW does not change a column.\n"
    )
    return Instead(
        when=is_view,
        what="it is a view",
        remedy=query + "If every consumer can take {actual}, ask {owner} to change {contract_place} first.",
        fix=query + "If the contract is wrong, ask {owner} to correct {contract_place}.",
    )


def in_tables_only(what: str, kinds: tuple[TableKind, ...] = VIEWS) -> Instead:
    """Return advice where a view, or another relation of these kinds, has taken the place of a table.

    Args:
        what: what it cannot have.
        kinds: which of them cannot have it.
    """
    return Instead(
        when=lambda situation: situation.after is not None and situation.after.kind in kinds,
        what=f"it is a {' or '.join(kinds)}",
        remedy=(
            f"A {{kind}} has no {what}, and no statement gives it one. Keep {{table}} the table that it is, and\n"
            "create the {kind} under a name of its own.\n"
            "If no consumer needs more than the {kind} has, ask {owner} to change {contract_place} first."
        ),
        fix=(
            f"A {{kind}} has no {what}, and no statement gives it one: ask {{owner}} to correct {{contract_place}},\n"
            "or to state it of a table."
        ),
    )


def of_a_kind(what: str) -> Instead:
    """Return advice where ``ARRAY`` or ``USER-DEFINED`` is stated in place of a type; ``what`` there has to be."""
    return Instead(
        when=lambda situation: isinstance(situation.fact.expected, str),
        what="a kind of type is stated",
        fix=(
            f"Give it {what} in a migration, by ALTER COLUMN ... TYPE.\n"
            f"{RETYPED}"
            "If the contract is wrong, ask {owner} to correct {contract_place}."
        ),
    )

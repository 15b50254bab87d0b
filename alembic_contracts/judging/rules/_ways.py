"""Advice that several rules give: a column beside the old one, what a view has to do, what no view can have."""

from __future__ import annotations

from alembic_contracts.judging.rules import Instead, Portable, Situation
from alembic_contracts.schemas.schema import TableKind

__all__ = [
    "ANEW",
    "EXCLUSIVE",
    "INDEXED",
    "IN_BATCH",
    "IN_BATCH_ANEW",
    "MISSPELT_TYPE",
    "NOT_BY_ITSELF",
    "NUMBERED_AS_BEFORE",
    "RETYPED",
    "RETYPED_ANYWHERE",
    "VIEWS",
    "beside",
    "computed_beside",
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

IN_BATCH = '    with op.batch_alter_table("{table_name}"{schema}) as batch:\n'
"""How a table gets a column on every database."""

IN_BATCH_ANEW = '    with op.batch_alter_table("{table_name}"{schema}{reflected}) as batch:\n'
"""How it is altered in ways for which SQLite needs another table in its place."""

ANEW = (
    "On SQLite this makes the table anew, as SQLAlchemy reflects it. Have foreign_keys off; drop views of it before;\n"
    "make them, its triggers and indexes on expressions again after; name STRICT and AUTOINCREMENT in table_kwargs.\n"
    "Drop computed columns before and add them again after: the copy cannot be given their values.\n"
)
"""What comes with most of batch mode there."""

RETYPED_ANYWHERE = (
    f"{IN_BATCH_ANEW}"
    '        batch.alter_column("{column}", type_={sa_type}, {existing})\n'
    "Look at the values before: a cast can round them, cut them, or make 0 of a text.\n"
    f"{ANEW}"
)
"""What gives a column its stated type."""

MISSPELT_TYPE = Instead(
    when=lambda situation: bool(situation.meant),
    what="the contract names no type, but nearly one",
    fix=(
        "If the contract means {meant}, ask {owner} to correct {contract_place}.\n"
        "If {expected} is a type that is still to come, create it in a migration, and give it to the column."
    ),
    portable=Portable(),
)
"""Advice where a type is a slip away from one that there is."""

_FILLED = (
    '    op.execute("CREATE FUNCTION {fill}() RETURNS trigger "\n'
    '               "LANGUAGE plpgsql AS {tag} BEGIN "\n'
    '               "{filling}; RETURN NEW; END {tag}")\n'
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
        f'    op.execute("ALTER TABLE {{sql_table}} ADD COLUMN {{new}} {{beside_type}}{collated}")\n'
        f"{_FILLED}"
        "Fill the rows that are there, on a large table in batches and in a revision of its own:\n"
        '    op.execute("UPDATE {sql_table} SET {new} = {converted}")\n'
        f"Price: {EXCLUSIVE}; {{adding}}. The UPDATE writes every row, and writers of a row wait until its commit. "
        "The application writes {column} alone; {new} is the trigger's.\n"
        "A value that {new} cannot take is refused from then on, in the UPDATE as well. Keys, indexes, NOT NULL and a\n"
        "default {new} gets by statements of its own.\n"
        f"{outro}"
    )


def _numbers_itself_anew(situation: Situation) -> bool:
    was, now = situation.column_before, situation.column
    return was is not None and now is not None and bool(now.identity) and "nextval(" in (was.default or "")


NUMBERED_AS_BEFORE = Instead(
    when=_numbers_itself_anew,
    what="it was numbered by a sequence, and is an identity column now",
    remedy=(
        "Keep the default that numbers it, and leave the identity out: both number the rows alike, and writers may\n"
        "set a column that has a default.\n"
        "If every writer can live with {actual}, ask {owner} to change {contract_place} first."
    ),
)
"""Advice about serial columns, for all that becomes another thing with their default."""


def _is_computed(situation: Situation) -> bool:
    return situation.column is not None and bool(situation.column.generated)


def _was_computed(situation: Situation) -> bool:
    return situation.column_before is not None and bool(situation.column_before.generated)


NOT_BY_ITSELF = (
    Instead(
        when=lambda situation: situation.inherits,
        what="it has the column from another table",
        remedy=(
            "{table} has its columns from {parents}: keep {column} there, and have what is new beside it there,\n"
            "under a name of its own. {table} gets that as well.\n"
            "If every consumer can do without, ask {owner} to change {contract_place} first."
        ),
    ),
    Instead(
        when=_is_computed,
        what="it is generated",
        remedy=(
            "Keep {column} as it is, and have the new one beside it until consumers have moved, computed by itself:\n"
            '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became} {computed}")\n'
            f"Price: {EXCLUSIVE}, and a stored column rewrites the whole table. PostgreSQL refuses\n"
            "every value for {new}.\n"
            "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
        ),
    ),
    Instead(
        when=_was_computed,
        what="it was generated",
        remedy=(
            "Keep {column} generated as it is, and add the new one beside it, under a name of its own.\n"
            "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
        ),
    ),
)
"""Advice for columns beside which none can be added, or none that a trigger fills from them."""


def computed_beside(intro: str, outro: str) -> str:
    """Return a remedy for any database that adds a column of the new kind, which is computed from the old one.

    Args:
        intro: what it is for, a sentence.
        outro: what to do where nothing of the kind is needed.
    """
    return (
        f"{intro}\n"
        "Add the column; the database computes it from {column}:\n"
        f"{IN_BATCH}"
        '        batch.add_column(sa.Column("{new_name}", {sa_became_computed}, sa.Computed({sa_copy})))\n'
        "The application writes {column} alone: no database takes a value for a computed column.\n"
        f"{outro}"
    )


def is_view(situation: Situation) -> bool:
    """Whether there is a view where the fact does not hold."""
    return situation.after is not None and situation.after.kind in VIEWS


def in_a_view(how: str, *, by_cast: bool = True) -> Instead:
    """Return advice for columns of views, whose query says everything about them.

    Args:
        how: what the query has to give in place of the column.
        by_cast: whether a cast gives it; on SQLite none has a type.
    """
    cast, anywhere = (", by a cast,", ", by a cast (on SQLite: a table's column),") if by_cast else ("", "")
    query, anywhere = (
        f"{{table}} is a {{kind}}. Have its query give {how}{way} as {{column}}. Where it is there already,"
        for way in (cast, anywhere)
    )
    anew = " drop it before\nand create it anew: CREATE OR REPLACE VIEW does not change a column.\n"
    if_not_needed = "If every consumer can take {actual}, ask {owner} to change {contract_place} first."
    if_wrong = "If the contract is wrong, ask {owner} to correct {contract_place}."
    return Instead(
        when=is_view,
        what="it is a view",
        remedy=query + anew + if_not_needed,
        fix=query + anew + if_wrong,
        portable=Portable(
            remedy=f"{anywhere} drop it before\nand create it anew.\n{if_not_needed}",
            fix=f"{anywhere} drop it before\nand create it anew.\n{if_wrong}",
        ),
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
        portable=Portable(),
    )


def in_tables_elsewhere(what: str) -> Instead:
    """Return advice where a view has taken the place of a table, for what PostgreSQL alone gives views.

    Args:
        what: what it cannot have elsewhere.
    """
    anywhere = in_tables_only(what)
    return Instead(
        when=lambda situation: situation.after is not None and situation.after.kind == "view",
        what="it is a view",
        portable=Portable(remedy=anywhere.remedy, fix=anywhere.fix),
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
        portable=Portable(
            fix=(
                f"Give it {what} in a migration.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            )
        ),
    )

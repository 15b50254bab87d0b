"""A row can be inserted with the columns that the contract names and the table had."""

from collections.abc import Callable
from functools import partial
from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.dialects import Dialect
from alembic_contracts.dialects.servers import is_like_mysql
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Portable,
    Rule,
    Situation,
    Subject,
    Types,
    breaking,
)
from alembic_contracts.judging.rules._rows import is_below, is_filled, passed_on
from alembic_contracts.schemas.schema import Column, Table


def _required(table: Table, types: Types, dialect: Dialect) -> frozenset[str]:
    return frozenset(
        column.name
        for column in table.columns
        if _forbids_null(column, types, dialect) and not is_filled(column, types)
    )


def _forbids_null(column: Column, types: Types, dialect: Dialect) -> bool:
    return column.not_null or (column.type is not None and dialect.forbids_null(column.type, types))


def _filled_unsaid(subject: Subject) -> frozenset[str]:
    """Return columns that were filled in a way of which no fact of theirs says so.

    That is by their domain; and where contracts cannot state defaults or identities, by these.
    """
    columns = () if subject.reference is None else subject.reference.columns
    types, unsaid = subject.reference_types, subject.dialect.NOT_EXPRESSED
    return frozenset(
        each.name
        for each in columns
        if is_filled(each, types)
        and not each.generated
        and (each.default is None or ("column-default" in unsaid and not subject.is_new))
        and (not each.identity or _counts_numbers(subject))
    )


def _counts_numbers(subject: Subject) -> bool:
    """Whether a contract cannot state that a column is numbered, and relies on it.

    SQLite numbers a key by its type, INTEGER; where a contract is about another database, that goes on numbering it.
    """
    return "column-identity" in subject.dialect.NOT_EXPRESSED and not _is_elsewhere(subject)


def _is_elsewhere(subject: Subject) -> bool:
    """Whether a contract about another database is held to a SQLite."""
    return subject.dialect.KIND == "sqlite" and subject.shape is not None


def _numbered(table: Table | None) -> frozenset[str]:
    return frozenset() if table is None else frozenset(column.name for column in table.columns if column.identity)


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    known, dialect = set(subject.contract.columns(fact.table)), subject.dialect
    before = frozenset[str]()
    if subject.reference is not None:
        before = _required(subject.reference, subject.reference_types, dialect)
    new = _required(cast("Table", subject.table), subject.types, dialect) - before
    new -= known - _filled_unsaid(subject)
    if _is_elsewhere(subject):
        new -= _numbered(subject.reference)
    unfilled = _no_more_numbered(subject) - new
    for each in passed_on(subject):
        new |= frozenset(f"{column} of {cast('Table', each.table).name}" for column in _behind(fact, subject, each))
    columns = "newly required column" if len(new) == 1 else "newly required columns"
    found = [f"{columns} {', '.join(sorted(new))}"] if new else []
    found += [f"column {name}, which is not numbered any more" for name in sorted(unfilled)]
    return Differs(" and the ".join(found), items=new | unfilled) if found else HOLDS


def _no_more_numbered(subject: Subject) -> frozenset[str]:
    """Return columns that are NULL in rows that do not name them, where each got a number: SQLite's primary keys.

    Any but an INTEGER PRIMARY KEY takes NULL unless it is NOT NULL (https://sqlite.org/lang_createtable.html).
    """
    table, numbered = cast("Table", subject.table), _numbered(subject.reference)
    if not numbered or table.kind != "table" or not _counts_numbers(subject):
        return frozenset()
    columns = (each for each in table.columns if each.name in numbered)
    return frozenset(
        each.name
        for each in columns
        if not is_filled(each, subject.types) and not _forbids_null(each, subject.types, subject.dialect)
    )


def _behind(fact: Fact, subject: Subject, behind: Subject) -> frozenset[str]:
    """Return columns that have to be given a value where rows go on to, and did not have to.

    A view's own column of the same name is how it is given one. Where another name stands for it, that is not told.
    """
    table, was = cast("Table", subject.table), cast("Table", behind.reference)
    before = _required(was, subject.reference_types, subject.dialect)
    new = _required(cast("Table", behind.table), subject.types, subject.dialect) - before
    taking_null = _stated_nullable(fact, subject)
    new -= _required(table, subject.types, subject.dialect)
    new -= set(subject.contract.columns(fact.table)) - taking_null - _filled_below(was, table, subject)
    if table.kind != "view":
        return new
    shown = {column for _, column in table.depends_on}
    if subject.reference is not None and any(column not in _shown(subject.reference) for column in before):
        return frozenset()  # no row could be inserted before
    return frozenset(column for column in new if column not in shown or table.column(column) is not None)


def _stated_nullable(fact: Fact, subject: Subject) -> frozenset[str]:
    """Return the columns of which the contract says that they may be NULL: what is behind the table may not refuse."""
    facts = (each for each in subject.contract.facts if (each.rule, each.table) == ("column-nullable", fact.table))
    return frozenset(each.column for each in facts if each.column is not None and each.expected is True)


def _filled_below(was: Table, table: Table, subject: Subject) -> frozenset[str]:
    """Return the columns under a view that were filled: a contract of the view can only state its own defaults."""
    if table.kind != "view" or subject.is_new:
        return frozenset()
    return frozenset(column.name for column in was.columns if is_filled(column, subject.reference_types))


def _shown(table: Table) -> frozenset[str]:
    """Return the columns that rows written to a table can have."""
    names = {column.name for column in table.columns}
    return frozenset(names.union(column for _, column in table.depends_on))


def _is_numbered_no_more(situation: Situation, by: Callable[[str], bool]) -> bool:
    """Whether such a kind of database numbered a column that is still there, and does so no more."""
    before, after = situation.before, situation.after
    if before is None or after is None:
        return False
    numbered = [each for each in before.columns if each.identity and each.type and by(each.type.name.schema)]
    now = [after.column(each.name) for each in numbered]
    return any(each is not None and not each.identity for each in now)


RULE = Rule(
    id="required-column",
    summary="No new column has to be given a value.",
    description=(
        "An INSERT that does not know a new column is refused if that is NOT NULL without a default (SQLSTATE 23502), "
        "by itself or by its domain. "
        "Contracts of writers rely on it; columns that the contract names, and those that had to be given one before, "
        "do not count, but for those that their domain filled, or a default or a number where no contract can state "
        "these, and those of a partition or under a view that it states to be nullable. "
        "A number that SQLite gave counts even where the column takes NULL by now, as a primary key can there. "
        "So do columns of partitions, and of the table under a view; these are told from the scripts alone. "
        "Source: pg_attribute.attnotnull, atthasdef, attidentity, pg_type.typnotnull, typdefault."
    ),
    cause="{table} has the {actual}.",
    consequence="INSERTs of writers that do not give it a value are refused, or have NULL there.",
    remedy=(
        "Add it with a server_default, or let it be NULL until every writer sets it.\n"
        "Agree on it with {owner}; once {contract_place} names the column, it may be required."
    ),
    fix=("Give it a default in a migration, or ask {owner} to name it in {contract_place} if the writers know it."),
    instead=(
        Instead(
            when=partial(_is_numbered_no_more, by=is_like_mysql),
            what="MySQL numbered the key, and does so no more",
            portable=Portable(
                remedy=(
                    "Keep its AUTO_INCREMENT, which each MODIFY and CHANGE has to say again: autoincrement=True and\n"
                    "existing_autoincrement=True of op.alter_column().\n"
                    "If every writer is to give it a value, ask {owner} to change {contract_place} first."
                ),
                fix="Make it AUTO_INCREMENT again: op.alter_column(..., autoincrement=True), with its type and key.",
            ),
        ),
        Instead(
            when=partial(_is_numbered_no_more, by="sqlite".__eq__),
            what="SQLite numbered the key, and does so no more",
            portable=Portable(
                remedy=(
                    "Keep it an INTEGER PRIMARY KEY of one column; SQLite numbers no other key.\n"
                    'A larger type elsewhere is sa.BigInteger().with_variant(sa.Integer(), "sqlite").'
                ),
                fix="Make it an INTEGER PRIMARY KEY again, sa.Integer on SQLite, the only column of the key.",
            ),
        ),
        Instead(
            when=is_below,
            what="a partition has it, or the table under a view",
            remedy=(
                "Add it with a server_default, or let it be NULL for as long as writers of {table} do not set it.\n"
                "Agree on it with {owner}: nothing that {contract_place} could state allows it."
            ),
            fix=(
                "Give it a default in a migration, or let it be NULL: writers of {table} do not set it.\n"
                "Agree on it with {owner}: nothing that {contract_place} could state allows it."
            ),
        ),
    ),
    portable=Portable(),
    expected=lambda _fact, _dialect: "no new required column",
    evaluate=_evaluate,
    breaks=breaking("writer"),
    implied_by=frozenset(("writer",)),
)

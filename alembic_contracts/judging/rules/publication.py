"""The table is in the publication that the contract states."""

from typing import cast

from alembic_contracts.contracts.contract import Fact, Publication
from alembic_contracts.judging.rules import (
    HOLDS,
    Differs,
    Instead,
    Outcome,
    Rule,
    Situation,
    Subject,
    Unknown,
    breaking,
    not_printed,
)
from alembic_contracts.judging.rules._ways import VIEWS, in_tables_only
from alembic_contracts.schemas.schema import Table


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    expected, table = cast("Publication", fact.expected), cast("Table", subject.table)
    if not subject.access.complete and expected.name not in subject.access.publications:
        return Unknown(f"whether {table.name} is in the publication {expected.name} is not known without the database")
    found = next((each for each in table.publications if each.publication == expected.name), None)
    if found is None:
        return Differs("not in it")
    if expected.columns is not None and found.columns is not None:
        missing = frozenset(expected.columns) - frozenset(found.columns)
        if missing:
            return Differs(f"in it without the columns {', '.join(sorted(missing))}", items=missing)
    if expected.row_filter is not None:
        actual = found.row_filter or ""
        same = subject.dialect.same_expression(expected.row_filter, actual)
        if same is None:
            return not_printed(f"the row filter {actual} of {table.name}")
        if not same:
            return Differs(f"in it with {f'the row filter {actual}' if actual else 'no row filter'}")
    return HOLDS


def _expected(fact: Fact, dialect: object) -> str:
    del dialect
    stated = cast("Publication", fact.expected)
    columns = f" with {', '.join(stated.columns)}" if stated.columns else ""
    return f"in publication {stated.name}{columns}{f' where {stated.row_filter}' if stated.row_filter else ''}"


def _is_in_it(situation: Situation) -> bool:
    name, after = cast("Publication", situation.fact.expected).name, situation.after
    return after is not None and any(each.publication == name for each in after.publications)


RULE = Rule(
    id="publication",
    summary="The table is in the stated publication, with the stated columns and row filter.",
    description=(
        "Logical replication and change data capture get no changes of a table that is not in their publication, and "
        "no error says so. A publication follows the table itself: one that was dropped and made again, or swapped, is "
        "not in it, and DROP COLUMN ... CASCADE on a column of its row filter takes the table out. "
        "Source: pg_publication_rel, pg_publication_namespace, pg_publication.puballtables."
    ),
    cause="{table} is {actual}, but must be {expected}.",
    consequence="Its changes silently no longer reach those who replicate it, or only in part.",
    remedy=(
        "Put the table into the publication again, in the same revision:\n"
        '    op.execute("{publish} {published}")\n'
        "Price: readers and writers go on, and nothing is rewritten.\n"
        "What changed in between is lost to consumers: let {owner} take a new snapshot."
    ),
    fix=(
        "Add it in a migration:\n"
        '    op.execute("{publish} {published}")\n'
        "Price: readers and writers go on, and nothing is rewritten.\n"
        "If the contract is wrong, ask {owner} to correct {contract_place}."
    ),
    instead=(
        in_tables_only("place in a publication", (*VIEWS, "foreign table")),
        Instead(
            when=_is_in_it,
            what="it is in it otherwise than stated",
            remedy=(
                "Put the table into the publication as it was, in the same revision:\n"
                '    op.execute("ALTER PUBLICATION {publication} DROP TABLE {sql_table}")\n'
                '    op.execute("{publish} {published}")\n'
                "Price: readers and writers go on, and nothing is rewritten.\n"
                "What changed in between is lost to consumers: let {owner} take a new snapshot."
            ),
            fix=(
                "Put it into the publication as it is stated, in a migration:\n"
                '    op.execute("ALTER PUBLICATION {publication} DROP TABLE {sql_table}")\n'
                '    op.execute("{publish} {published}")\n'
                "Price: readers and writers go on, and nothing is rewritten.\n"
                "If the contract is wrong, ask {owner} to correct {contract_place}."
            ),
        ),
    ),
    expected=_expected,
    evaluate=_evaluate,
    reads=frozenset(("grants", "publications")),
    breaks=breaking("cdc"),
)

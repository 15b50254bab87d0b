"""The column that a contract names is there under its name."""

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
    Unknown,
)
from alembic_contracts.judging.rules._ways import EXCLUSIVE, IN_BATCH, beside, is_view
from alembic_contracts.schemas.schema import Table
from alembic_contracts.support.suggestions import NEARLY, nearest


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    if subject.column is not None:
        return HOLDS
    if not cast("Table", subject.table).complete:
        return Unknown(f"the columns of {fact.table} could not be worked out")
    return Differs("absent")


def _meant(fact: Fact, subject: Subject) -> str:
    if subject.table is None:
        return ""
    others = {column.name for column in subject.table.columns}.difference(subject.contract.columns(fact.table))
    return nearest(fact.column or "", sorted(others), NEARLY) or ""


def _is_generated(situation: Situation) -> bool:
    return situation.column_before is not None and bool(situation.column_before.generated)


_BECOMES_THE_OTHER = (
    '    op.execute("ALTER TABLE {sql_table} DROP COLUMN {new}")\n'
    '    op.execute("ALTER TABLE {sql_table} RENAME COLUMN {sql_column} TO {new}")\n'
)
"""How it ends: the new column goes, which has nothing but the values, so that all else of the old one stays."""

_RENAMED = (
    "Expand first, contract later. In this revision, have both names, the new one filled by itself:\n"  # noqa: S608
    '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {held_type} "\n'
    '               "GENERATED ALWAYS AS ({sql_column}) STORED")\n'
    "In a later one, once the consumers of {column} have moved and {contract_place} no longer names it, {column}\n"
    "becomes {new} itself, with its keys, indexes, default and NOT NULL:\n"
    f"{_BECOMES_THE_OTHER}"
    "What depends on {new} by then, such as a view, is dropped before and made again after.\n"
    f"Price: {EXCLUSIVE}, while the whole table is rewritten. Until the later\n"
    "revision the application writes {column} alone: PostgreSQL refuses every value for {new}.\n"
    "Where the table is large, or both names have to be written, a trigger keeps them the same in place of that:\n"
    '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {plain_type}")\n'
    '    op.execute("CREATE FUNCTION {fill}() RETURNS trigger "\n'
    '               "LANGUAGE plpgsql AS {tag} BEGIN "\n'
    "               \"IF TG_OP = 'INSERT' THEN NEW.{new} := coalesce(NEW.{new}, NEW.{sql_column}); \"\n"
    '               "NEW.{sql_column} := NEW.{new}; "\n'
    '               "ELSIF NEW.{new}::text IS DISTINCT FROM OLD.{new}::text THEN NEW.{sql_column} := NEW.{new}; "\n'
    '               "ELSE NEW.{new} := NEW.{sql_column}; END IF; RETURN NEW; END {tag}")\n'
    '    op.execute("CREATE TRIGGER {fill_trigger} "\n'
    '               "BEFORE INSERT OR UPDATE ON {sql_table} "\n'
    '               "FOR EACH ROW EXECUTE FUNCTION {fill}()")\n'
    "Rows that are there get their value in a revision of its own, in batches:\n"
    '    op.execute("UPDATE {sql_table} SET {new} = {sql_column} "\n'
    '               "WHERE {new} IS NULL AND {sql_column} IS NOT NULL")\n'
    f"Price: {EXCLUSIVE}, but nothing is rewritten; during the UPDATE\n"
    "writers of a row wait until its commit. The application writes whichever of the columns it likes. The later\n"
    "revision is then:\n"
    '    op.execute("DROP TRIGGER {fill_trigger} ON {sql_table}")\n'
    '    op.execute("DROP FUNCTION {fill}()")\n'
    f"{_BECOMES_THE_OTHER}"
    "Agree on the date with {owner}."
)

_RENAMED_AND_RETYPED = beside(
    "Expand first, contract later: keep {column}, and have {new} beside it until consumers have moved.",
    "In a later revision, once {contract_place} no longer names {column}:\n"
    '    op.execute("DROP TRIGGER {fill_trigger} ON {sql_table}")\n'
    '    op.execute("DROP FUNCTION {fill}()")\n'
    '    op.execute("ALTER TABLE {sql_table} DROP COLUMN {sql_column}")\n'
    "What depends on {column} by then, such as a view or a foreign key, is dropped before.\n"
    "Agree on the date with {owner}.",
)

_UNTIL_THEN = "Until then the application writes {column} alone: no database takes a value for a computed column.\n"
_IN_A_LATER_ONE = "In a later one, once the consumers of {column} have moved and {contract_place} no longer names it:\n"
_RENAMED_ANYWHERE = (
    "Expand first, contract later. In this revision, have both names, the new one computed from the old:\n"
    f"{IN_BATCH}"
    '        batch.add_column(sa.Column("{new_name}", {sa_held_computed}, sa.Computed(sa.column("{column}"))))\n'
    f"{_IN_A_LATER_ONE}"
    '    op.drop_column("{table_name}", "{new_name}"{schema})\n'
    '    op.alter_column("{table_name}", "{column}", new_column_name="{new_name}", {existing}{schema})\n'
    f"{_UNTIL_THEN}"
    "Agree on the date with {owner}."
)
_RENAMED_AND_GENERATED = (
    "Expand first, contract later. In this revision, have both names, computed alike:\n"
    f"{IN_BATCH}"
    '        batch.add_column(sa.Column("{new_name}", {sa_held}, {sa_computed}))\n'
    f"{_IN_A_LATER_ONE}"
    '    op.drop_column("{table_name}", "{column}"{schema})\n'
    "Agree on the date with {owner}."
)


RULE = Rule(
    id="column-exists",
    summary="The contracted column exists under its name.",
    description=(
        "A consumer that selects or writes a column by name fails when it is dropped or renamed (SQLSTATE 42703). "
        "Source: pg_attribute without dropped columns."
    ),
    cause="{place} {is_absent}.",
    meant=_meant,
    slip="{table} has no column {column}; did you mean {meant}?",
    consequence="Queries and writes that name it fail with 'column does not exist'.",
    remedy=(
        "Expand first, contract later: keep {column}, and drop it in a later revision, once its consumers have moved\n"
        "and {contract_place} no longer names it. Agree on the date with {owner}."
    ),
    fix=(
        'If it is still to come, add it in a migration, with op.add_column("{table_name}", ...) and the type that the\n'
        "contract states. If the contract names the wrong column, ask {owner} to correct {contract_place}."
    ),
    instead=(
        Instead(
            when=lambda situation: bool(situation.meant),
            what="the contract names it nearly like another one",
            fix=(
                "No checked revision took it away. If the contract means {meant}, ask {owner} to correct\n"
                "{contract_place}. If the column is still to come, add it in a migration."
            ),
            portable=Portable(),
        ),
        Instead(
            when=is_view,
            what="it is a view",
            remedy=(
                "Expand first, contract later: keep {column} in the query of {table}, under that name, and leave it\n"
                "out in a later revision, once its consumers have moved and {contract_place} no longer names it.\n"
                "Agree on the date with {owner}."
            ),
            fix=(
                "If it is still to come, give it to the query of {table}, in a migration.\n"
                "If the contract names the wrong column, ask {owner} to correct {contract_place}."
            ),
            portable=Portable(),
        ),
        Instead(
            when=lambda situation: situation.renamed and situation.inherits,
            what="it is renamed in the table that it comes from",
            remedy=(
                "{table} has {column} from {parents}: have both names there, in the way that a column of its own\n"
                "gets another one, and {table} has them as well. Agree on the date with {owner}."
            ),
        ),
        Instead(
            when=lambda situation: situation.renamed and situation.retyped and not _is_generated(situation),
            what="it is renamed and gets another type",
            remedy=_RENAMED_AND_RETYPED,
        ),
        Instead(
            when=lambda situation: situation.renamed and _is_generated(situation),
            what="it is generated and renamed",
            remedy=(
                "Expand first, contract later. In this revision, have both names, computed alike:\n"
                '    op.execute("ALTER TABLE {sql_table} ADD COLUMN {new} {became} {computed}")\n'
                "In a later one, once the consumers of {column} have moved and {contract_place} no longer names it,\n"
                "{column} becomes {new} itself, with its indexes:\n"
                f"{_BECOMES_THE_OTHER}"
                "What depends on {new} by then, such as a view, is dropped before and made again after.\n"
                f"Price: {EXCLUSIVE}, and a stored column rewrites the whole table. Nobody writes either column.\n"
                "Agree on the date with {owner}."
            ),
            portable=Portable(remedy=_RENAMED_AND_GENERATED),
        ),
        Instead(
            when=lambda situation: situation.renamed,
            what="it is renamed",
            remedy=_RENAMED,
            portable=Portable(remedy=_RENAMED_ANYWHERE),
        ),
    ),
    portable=Portable(consequence="Queries and writes that name it fail: no such column."),
    expected=lambda _fact, _dialect: "present",
    evaluate=_evaluate,
    column_alone=True,
    judges_absence=True,
)

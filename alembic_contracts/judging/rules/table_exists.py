"""The table, view or foreign table that a contract is about is there under its name."""

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Instead, Portable, Rule, Situation, Subject
from alembic_contracts.judging.rules._ways import VIEWS
from alembic_contracts.schemas.schema import Name
from alembic_contracts.support.suggestions import NEARLY, nearest


def _meant(fact: Fact, subject: Subject) -> str:
    """Return another table that there is and no contract names: of nearly that name, or of that name elsewhere."""
    others = sorted(set(subject.tables).difference(subject.contract.tables))
    beside = [name.name for name in others if name.schema == fact.table.schema]
    found = nearest(fact.table.name, beside, NEARLY)
    elsewhere = [name for name in others if name.name == fact.table.name]
    meant = Name(fact.table.schema, found) if found is not None else next(iter(elsewhere), None)
    return "" if meant is None else str(meant)


def _was_a_view(situation: Situation) -> bool:
    return situation.before is not None and situation.before.kind in VIEWS


RULE = Rule(
    id="table-exists",
    summary="The contracted table exists under its schema and name.",
    description=(
        "A query names tables. One that is dropped, renamed or moved to another schema fails every query of every "
        "consumer at once (SQLSTATE 42P01). Source: pg_class joined with pg_namespace; tables, partitioned tables, "
        "views, materialized views and foreign tables count."
    ),
    cause="{table} {is_absent}.",
    meant=_meant,
    slip="{table} does not exist; did you mean {meant}?",
    consequence="Every query on it fails with 'relation does not exist'.",
    remedy=(
        "Keep {table} until its consumers have moved: create what is new beside it, in this revision or another, and\n"
        "drop or rename the old table in a later one, once {contract_place} no longer states it.\n"
        "Agree on the date with {owner}."
    ),
    fix=(
        "If it is still to come, create it in a migration. With target_metadata = alembic_contracts.metadata() in\n"
        "env.py, autogenerate writes it from the contract.\n"
        "If the contract names the wrong table, ask {owner} to correct {contract_place}."
    ),
    instead=(
        Instead(
            when=lambda situation: bool(situation.meant),
            what="the contract names it nearly like another one",
            fix=(
                "No checked revision took it away. If the contract means {meant}, ask {owner} to correct\n"
                "{contract_place}. If the table is still to come, create it in a migration."
            ),
            portable=Portable(),
        ),
        Instead(
            when=lambda situation: situation.moved,
            what="it gets into another schema",
            remedy=(
                "Keep it where it is in this revision, and make a view of it in the other schema, which can be\n"
                "written as well where {table} can:\n"
                '    op.execute("CREATE SCHEMA IF NOT EXISTS {new_schema}")\n'
                '    op.execute("CREATE VIEW {moved_table} AS SELECT * FROM {sql_table}")\n'
                "In a later revision, once {contract_place} no longer states it, the view makes way for it:\n"
                '    op.execute("DROP VIEW {moved_table}")\n'
                '    op.execute("ALTER TABLE {sql_table} SET SCHEMA {new_schema}")\n'
                "Price: the view keeps nobody waiting; the move does, for a moment. Nothing is rewritten. A column\n"
                "that is added to it in between is not in the view until that is created anew. Roles need USAGE on\n"
                "the other schema, and privileges on the view.\n"
                "Agree on the date with {owner}."
            ),
        ),
        Instead(
            when=lambda situation: (
                situation.renamed and situation.before is not None and situation.before.kind in VIEWS
            ),
            what="it is a view that is renamed",
            remedy=(
                "Keep the view under its name in this revision, and make the new name a view of it:\n"
                '    op.execute("CREATE VIEW {new_table} AS SELECT * FROM {sql_table}")\n'
                "In a later revision, once {contract_place} no longer states it, the view of it makes way:\n"
                '    op.execute("DROP VIEW {new_table}")\n'
                '    op.execute("ALTER TABLE {sql_table} RENAME TO {new}")\n'
                "Price: CREATE VIEW keeps nobody waiting; the rename does, for a moment. ALTER TABLE renames views as\n"
                "well.\n"
                "Agree on the date with {owner}."
            ),
        ),
        Instead(
            when=lambda situation: situation.renamed,
            what="it is renamed",
            remedy=(
                "Keep the table under its name in this revision, and make the new name a view of it, which can be\n"
                "written as well. So consumers keep what only a table has, such as its keys:\n"
                '    op.execute("CREATE VIEW {new_table} AS SELECT * FROM {sql_table}")\n'
                "In a later revision, once {contract_place} no longer states it, the view makes way for the table:\n"
                '    op.execute("DROP VIEW {new_table}")\n'
                '    op.execute("ALTER TABLE {sql_table} RENAME TO {new}")\n'
                "Price: CREATE VIEW keeps nobody waiting; the rename does, for a moment. Nothing is rewritten. A\n"
                "column that is added to the table in between is not in the view until that is created anew.\n"
                "Agree on the date with {owner}."
            ),
            portable=Portable(
                remedy=(
                    "Keep the table under its name in this revision, and make the new name a view of it:\n"
                    '    op.execute("CREATE VIEW {new_table} AS SELECT * FROM {sql_table}")\n'
                    "In a later revision, once {contract_place} no longer states it, the view makes way:\n"
                    '    op.execute("DROP VIEW {new_table}")\n'
                    '    op.rename_table("{table_name}", "{new_name}"{schema})\n'
                    "Until then the application writes {table}: not every database writes through a view. A\n"
                    "column that is added in between may not be in the view until that is created anew.\n"
                    "Agree on the date with {owner}."
                )
            ),
        ),
    ),
    portable=Portable(consequence="Every query on it fails: no such table."),
    expected=lambda _fact, _dialect: "present",
    evaluate=lambda _fact, subject: HOLDS if subject.table is not None else Differs("absent"),
    judges_absence=True,
)

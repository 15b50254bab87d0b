"""The table, view or foreign table that a contract is about is there under its name."""

from alembic_contracts.judging.rules import HOLDS, Differs, Rule

RULE = Rule(
    id="table-exists",
    summary="The contracted table exists under its schema and name.",
    description=(
        "A query names tables. One that is dropped, renamed or moved to another schema fails every query of every "
        "consumer at once (SQLSTATE 42P01). Source: pg_class joined with pg_namespace; tables, partitioned tables, "
        "views, materialized views and foreign tables count."
    ),
    cause="{table} {is_absent}.",
    consequence="Every query on it fails with 'relation does not exist'.",
    remedy=(
        "Keep {table} until its consumers have moved: create what is new beside it, in this revision or another, and\n"
        "drop or rename the old table in a later one, once {contract_place} no longer states it.\n"
        "Agree on the date with {owner}."
    ),
    remedy_of_rename=(
        "Rename it, and keep the old name alive as a view until its consumers have moved. It can be written as well;\n"
        "what only a table has (primary key, row-level security) has to be agreed on with {owner}:\n"
        '    op.execute("CREATE VIEW {sql_table} AS SELECT * FROM {new_table}")\n'
        "In a later revision, once {contract_place} no longer states it:\n"
        '    op.execute("DROP VIEW {sql_table}")'
    ),
    fix=(
        "Create it in a migration. With target_metadata = alembic_contracts.metadata() in env.py, autogenerate writes\n"
        "it from the contract. If the contract names the wrong table, ask {owner} to correct {contract_place}."
    ),
    expected=lambda _fact, _dialect: "present",
    evaluate=lambda _fact, subject: HOLDS if subject.table is not None else Differs("absent"),
    judges_absence=True,
)

"""Updates and deletes on a published table can be told apart by a key."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import EXCLUSIVE
from alembic_contracts.schemas.schema import Table


def _is_refused(table: Table) -> bool:
    """Whether PostgreSQL refuses UPDATE and DELETE on a table (55000)."""
    if not table.publications:
        return False
    if table.replica_identity == "default":
        return not table.primary_key
    return table.replica_identity == "nothing"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    del fact
    table = cast("Table", subject.table)
    was_refused = subject.reference is not None and _is_refused(subject.reference)
    if not _is_refused(table) or was_refused:
        return HOLDS
    return Differs("published without a replica identity")


RULE = Rule(
    id="published-key",
    summary="A published table has a primary key or another replica identity.",
    description=(
        "As soon as a table is in a publication of updates and deletes, PostgreSQL refuses both on it unless it can "
        "say which row they are about: by the primary key, a unique index or the whole row (REPLICA IDENTITY). "
        "Source: pg_publication_rel, pg_class.relreplident, pg_constraint."
    ),
    cause="{table} is {actual}.",
    consequence="Every UPDATE and DELETE on it fails (SQLSTATE 55000), and consumers cannot apply changes.",
    remedy=(
        "Keep the primary key until the new one is there, or give it another identity in the same revision:\n"
        '    op.execute("ALTER TABLE {sql_table} REPLICA IDENTITY FULL")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten. From then on every UPDATE and DELETE logs\n"
        "the whole old row.\n"
        "Agree on it with {owner}."
    ),
    fix=(
        "Give it a primary key in a migration, or:\n"
        '    op.execute("ALTER TABLE {sql_table} REPLICA IDENTITY FULL")\n'
        f"Price: {EXCLUSIVE}; nothing is rewritten. From then on every UPDATE and DELETE logs\n"
        "the whole old row."
    ),
    expected=lambda _fact, _dialect: "a replica identity",
    evaluate=_evaluate,
    reads=frozenset(("publications",)),
    breaks=breaking("writer", "cdc"),
    implied_by=frozenset(("writer", "cdc")),
)

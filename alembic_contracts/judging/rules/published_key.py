"""Updates and deletes on a published table can be told apart by a key."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Outcome, Rule, Subject, breaking
from alembic_contracts.judging.rules._ways import EXCLUSIVE
from alembic_contracts.schemas.schema import Access, Sending, Table

_TELLING = frozenset({"update", "delete"})


def _is_refused(table: Table, access: Access) -> bool:
    """Whether PostgreSQL refuses UPDATE or DELETE on a table (55000); a key that is DEFERRABLE does not help."""
    names = {each.publication for each in table.publications} | table.published_above
    if all(_TELLING.isdisjoint(access.sending.get(name, Sending()).operations) for name in names):
        return False
    if table.replica_identity == "default":
        return not any(each.kind == "primary key" and not each.deferrable for each in table.constraints)
    return table.replica_identity == "nothing"


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    del fact
    table, before = cast("Table", subject.table), subject.reference
    was_refused = before is not None and _is_refused(before, subject.reference_access)
    if not _is_refused(table, subject.access) or was_refused:
        return HOLDS
    return Differs("published without a replica identity")


RULE = Rule(
    id="published-key",
    summary="A published table has a primary key or another replica identity.",
    description=(
        "As soon as a table is in a publication of updates and deletes, PostgreSQL refuses both on it unless it can "
        "say which row they are about: by a primary key that is not DEFERRABLE, a unique index or the whole row "
        "(REPLICA IDENTITY). "
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

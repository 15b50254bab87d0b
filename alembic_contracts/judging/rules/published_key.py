"""Updates and deletes on a published table can be told apart by a key."""

from typing import cast

from alembic_contracts.contracts.contract import Fact
from alembic_contracts.judging.rules import HOLDS, Differs, Instead, Outcome, Rule, Situation, Subject, breaking
from alembic_contracts.judging.rules._rows import passed_on
from alembic_contracts.judging.rules._ways import EXCLUSIVE
from alembic_contracts.patterns import pattern
from alembic_contracts.schemas.schema import Access, Published, Sending, Table

_TELLING = frozenset({"update", "delete"})
_WORD = pattern(r"'(?:[^']|'')*'|\"((?:[^\"]|\"\")*)\"|(\w+)")

_WITHOUT = "published without a replica identity"
_UNCOVERED = "published by {}, and its replica identity has other columns"


def _refused(table: Table, access: Access) -> str:
    """Return why PostgreSQL refuses UPDATE or DELETE on a table; empty: it does not.

    A key that is DEFERRABLE does not help (55000), nor one that a list of columns leaves out, or that lacks columns of
    a row filter (42P10; ``CheckCmdReplicaIdentity``).
    """
    names = {each.publication for each in table.publications} | table.published_above
    telling = {name for name in names if _TELLING & access.sending.get(name, Sending()).operations}
    if not telling:
        return ""
    if _has_no_identity(table):
        return _WITHOUT
    key = _identity(table)
    for each in table.publications:
        if each.publication in telling and key is not None and not _is_covered(each, table, key):
            return _UNCOVERED.format("columns" if each.columns is not None else "a row filter")
    return ""


def _has_no_identity(table: Table) -> bool:
    if table.replica_identity == "default":
        return not any(each.kind == "primary key" and not each.deferrable for each in table.constraints)
    return table.replica_identity == "nothing"


def _identity(table: Table) -> frozenset[str] | None:
    """Return the columns by which rows are told apart; None: they were not looked at."""
    if table.replica_identity == "default":
        return frozenset(table.primary_key)
    if table.replica_identity == "full":
        return frozenset(column.name for column in table.columns)
    index = next((each for each in table.indexes if each.name == table.replica_index), None)
    return None if index is None else frozenset(column for column in index.columns if column is not None)


def _is_covered(sent: Published, table: Table, key: frozenset[str]) -> bool:
    if sent.columns is not None and not key.issubset(sent.columns):
        return False
    words = {(quoted or "").replace('""', '"') or plain for quoted, plain in _WORD.findall(sent.row_filter or "")}
    return all(column.name in key for column in table.columns if column.name in words)


def _newly_refused(subject: Subject) -> str:
    before, found = subject.reference, _refused(cast("Table", subject.table), subject.access)
    return "" if before is not None and _refused(before, subject.reference_access) else found


def _evaluate(fact: Fact, subject: Subject) -> Outcome:
    del fact
    if found := _newly_refused(subject):
        return Differs(found)
    below = ((cast("Table", each.table).name, _newly_refused(each)) for each in passed_on(subject))
    return next((Differs(f"written to {name}, which is {found}") for name, found in below if found), HOLDS)


def _lists_columns(situation: Situation) -> bool:
    after = situation.after
    return after is not None and not _has_no_identity(after) and any(each.columns for each in after.publications)


def _is_itself_fine(situation: Situation) -> bool:
    after = situation.after
    return after is not None and after.kind in {"partitioned table", "view"} and not after.publications


RULE = Rule(
    id="published-key",
    summary="A published table has a primary key or another replica identity.",
    description=(
        "As soon as a table is in a publication of updates and deletes, PostgreSQL refuses both on it unless it can "
        "say which row they are about: by a primary key that is not DEFERRABLE, a unique index or the whole row "
        "(REPLICA IDENTITY); a list of columns has to have those of the identity, and a row filter no others. So it is "
        "with partitions of the table, and with what is under a view, as far as the scripts tell. "
        "Source: pg_publication_rel (prattrs, prqual), pg_class.relreplident, pg_constraint."
    ),
    cause="{table} is {actual}.",
    consequence="Every UPDATE and DELETE on it fails (SQLSTATE 55000 or 42P10), and consumers cannot apply changes.",
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
    instead=(
        Instead(
            when=_is_itself_fine,
            what="a partition of it is published, or what is under a view",
            remedy=(
                "Give what is published a primary key or another replica identity in the same revision, or publish\n"
                "inserts alone.\n"
                "Agree on it with {owner}."
            ),
            fix="Give what is published a primary key or another replica identity in a migration.",
        ),
        Instead(
            when=_lists_columns,
            what="a publication of updates lists columns",
            remedy=(
                "Have the publication send the columns of the replica identity as well, or all columns.\n"
                "Agree on it with {owner}."
            ),
            fix="Have the publication send the columns of the replica identity as well, in a migration.",
        ),
    ),
    expected=lambda _fact, _dialect: "a replica identity",
    evaluate=_evaluate,
    reads=frozenset(("indexes", "publications")),
    breaks=breaking("writer", "cdc"),
    implied_by=frozenset(("writer", "cdc")),
)

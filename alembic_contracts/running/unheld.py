"""A run on a kind of database on which nothing shows where scripts lead in, what is said of that out.

What is there can be looked at before a run and after it, but neither what scripts that are pending lead to, nor what
``--sql`` writes. The same scripts often run on SQLite in tests and on PostgreSQL in production: nobody is refused for
want of a look, and nothing counts as kept.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic_contracts import dialects
from alembic_contracts.dialects.servers import server
from alembic_contracts.errors import CannotCheck
from alembic_contracts.judging.violations import Checked, Notice, Report
from alembic_contracts.running.pending import untold
from alembic_contracts.running.terms import settings_of
from alembic_contracts.schemas.steps import Unproven

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from alembic_contracts.dialects import Dialect
    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms

__all__ = [
    "foreseen",
    "goes_on_unseen",
    "goes_unchecked",
    "is_another_kind",
    "kept",
    "passes",
    "report_on",
    "require_shown",
    "say_once",
    "sentence",
]

_said: set[str] = set()
"""Kinds of databases about which this process has said it already: test suites upgrade hundreds."""


def require_shown(run: Run) -> None:
    """Refuse to answer what only the schema tells that a run leads to.

    Raises:
        CannotCheck: nothing shows it on this kind of database.
    """
    if not run.is_shown:
        raise CannotCheck(_instead(run))


def passes(migration: MigrationContext, *, looked_at: bool) -> bool:
    """Whether a run goes on unchecked, since nothing shows where it leads; says so once.

    Args:
        migration: the context that is about to apply revisions, or to write them.
        looked_at: whether what results is looked at before it is committed.

    Raises:
        CannotCheck: settings cannot be used.
    """
    if migration.config is None:
        return False
    dialect = dialects.of(migration.dialect.name, None if migration.as_sql else migration.connection)
    if dialect.FORESIGHT != "none" or looked_at:
        return False
    if settings_of(migration.config).configured:
        say_once(dialect, "This run goes on unchecked.")
    return True


def is_another_kind(terms: Terms, run: Run) -> bool:
    """Whether no contract is about the kind of database that a run migrates, such as the SQLite of a test."""
    from alembic_contracts.judging.shape import is_same

    return run.connection is not None and not any(is_same(each.kind, run.dialect.KIND) for each in terms.contracts)


def goes_unchecked(run: Run, terms: Terms) -> bool:
    """Whether a run goes on unchecked: it is to be left alone, or nothing shows what tables look like, which is said.

    It is left alone where ``elsewhere`` is off and contracts are about other kinds of databases alone.
    """
    if terms.settings.elsewhere == "off" and terms.base is None and not terms.releases and is_another_kind(terms, run):
        return True
    dialect = run.dialect
    if run.connection is None or dialect.FORESIGHT != "none":
        return False
    reason = untold(dialect, run.connection, terms.places(dialect))
    if not reason:
        return False
    more = f"What {dialect.NAME} has of the tables cannot be read either: {reason}."
    say_once(dialect, f"{more} This run goes on unchecked.")
    return True


def goes_on_unseen(dialect: Dialect, reason: str) -> bool:
    """Whether a commit of what could not be looked at happens all the same; says so."""
    if server(dialect.KIND).is_readable:
        return False
    sys.stderr.write(f"note: No data contract was checked before a commit, which goes on all the same. {reason}\n")
    return True


def say_once(dialect: Dialect, more: str) -> None:
    """Say what cannot be held on a kind of database, once in this process."""
    if dialect.KIND not in _said:
        _said.add(dialect.KIND)
        sys.stderr.write(f"note: {sentence(dialect)} {more}\n")


def foreseen(run: Run) -> Report:
    """Return what is known before a run, which is nothing, and say once that a look comes later."""
    say_once(run.dialect, "What results is looked at before each commit.")
    doubt = Unproven(sentence(run.dialect), None)
    return Report(phase="before", unproven=(doubt,), checked=Checked(0, 0, 0, 0))


def sentence(dialect: Dialect) -> str:
    """Return what is to be said of a kind of database."""
    more = f" {dialect.DIFFERS}" if dialect.DIFFERS else ""
    return f"Where version scripts lead on {dialect.NAME} is not known before they run there.{more}"


def _instead(run: Run) -> str:
    """Return the same, or why it is not even known what there is, and what can be asked instead."""
    dialect = run.dialect
    reason = untold(dialect, run.connection) if run.connection is not None and not run.steps else ""
    known = f"What {dialect.NAME} has of the tables cannot be read: {reason}." if reason else sentence(dialect)
    what = "version scripts" if reason else "them"
    return f"{known} `--offline --dialect postgresql` predicts {what} as they are for PostgreSQL."


def report_on(run: Run, terms: Terms) -> Report:
    """Return a report that says of every contract that nobody has looked."""
    dialect = run.dialect
    doubts = (
        f"whether release {each.ref} can go on running is not known: {sentence(dialect)}" for each in terms.releases
    )
    return Report(
        phase="check",
        unproven=tuple(Unproven(doubt, None) for doubt in doubts),
        notices=(Notice(_instead(run)),),
        checked=Checked(
            contracts=len(terms.contracts),
            tables=len(terms.tables),
            facts=0,
            revisions=len(run.steps),
            not_applicable=sum(len(contract.facts) for contract in terms.contracts),
            unheld_on=dialect.KIND,
        ),
        contracts=tuple(contract.id for contract in terms.contracts),
        unheld=tuple(contract.id for contract in terms.contracts),
    )


def kept(report: Report) -> str:
    """Return what is to be said, before "by ...", of a report in which nothing is broken or unproven."""
    checked = report.checked
    if not checked.not_applicable:
        return "All data contracts are kept"
    left = f"{checked.not_applicable} are not applicable on {checked.unheld_on}"
    return f"{checked.facts} facts of data contracts are kept ({left})" if checked.facts else f"No facts: all {left},"

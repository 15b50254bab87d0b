"""A database of a kind on which contracts cannot be held yet in, what is said instead of a verdict out.

The same scripts often run on SQLite in tests and on PostgreSQL in production: there nothing is refused, and nothing
counts as kept.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic_contracts import dialects
from alembic_contracts.judging.violations import Checked, Notice, Report
from alembic_contracts.running.terms import settings_of

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

    from alembic_contracts.running.pending import Run
    from alembic_contracts.running.terms import Terms

__all__ = ["passes", "report_on", "sentence"]

_said: set[str] = set()
"""Kinds of databases about which this process has said it already: test suites upgrade hundreds."""


def passes(migration: MigrationContext) -> bool:
    """Whether a run goes on unchecked, since contracts cannot be held on its kind of database; says so once.

    Raises:
        CannotCheck: settings cannot be used.
    """
    name = migration.dialect.name
    if migration.config is None or dialects.is_known(name):
        return False
    if name not in _said and settings_of(migration.config).configured:
        _said.add(name)
        sys.stderr.write(f"note: {sentence(name)} This run goes on unchecked.\n")
    return True


def sentence(name: str) -> str:
    """Return what is to be said of a kind of database, by SQLAlchemy's name for it."""
    return f"Data contracts are not held on {name} yet, only on PostgreSQL: nothing there counts as kept."


def report_on(run: Run, terms: Terms) -> Report:
    """Return a report that says of every contract that nobody has looked."""
    name = run.context.dialect.name
    held = "`--offline --dialect postgresql` checks the scripts as they are for PostgreSQL."
    return Report(
        phase="check",
        notices=(Notice(f"{sentence(name)} {held}"),),
        checked=Checked(
            contracts=len(terms.contracts),
            tables=len(terms.tables),
            facts=0,
            revisions=len(run.steps),
            not_applicable=sum(len(contract.facts) for contract in terms.contracts),
            unheld_on=name,
        ),
        contracts=tuple(contract.id for contract in terms.contracts),
        unheld=tuple(contract.id for contract in terms.contracts),
    )

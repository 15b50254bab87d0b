"""A run on a database of which an empty copy can be made in, its predictions out.

The scripts run on the copy: what they lead to is what the database itself makes of their statements. What is known of
rows is known of two worlds (``prediction.scripts.worlds``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from alembic_contracts.dialects.sqlite import copies
from alembic_contracts.dialects.sqlite.copies import Copy, Part
from alembic_contracts.errors import CannotCheck
from alembic_contracts.prediction.scripts.worlds import Played, Turns, in_worlds
from alembic_contracts.running.kept_predictions import known_or_made
from alembic_contracts.schemas.steps import Prediction, Step, Unproven

if TYPE_CHECKING:
    from alembic_contracts.dialects import Dialect
    from alembic_contracts.prediction.containment.limits import Limits
    from alembic_contracts.running.kept_predictions import Kept
    from alembic_contracts.running.on_a_copy import Rehearsal
    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.schema import Name, Schema
    from alembic_contracts.schemas.snapshots import Snapshot

__all__ = ["copied", "rehearsed"]


def rehearsed(
    run: Run,
    start: Copy,
    tables: Collection[Name] | None,
    dialect: Dialect,
    *,
    progress: Callable[[int], None] | None,
    limits: Callable[[], Limits],
) -> tuple[tuple[Prediction, ...], Kept | None]:
    """Return the schemas that a run goes through, in each of the ways in which it can go, and where they are kept.

    Where scripts read rows that are not known there are several: see ``prediction.scripts.worlds``.

    Args:
        run: what is pending.
        start: what it starts from.
        tables: what the schemas show (None: all tables).
        dialect: how to observe.
        progress: told the number of revisions that have been predicted.
        limits: returns those of each revision.

    Raises:
        CannotCheck: the database could not be copied.
    """

    def play(turns: Turns) -> Played:
        from alembic_contracts.running.on_a_copy import Rehearsal

        told = progress if turns.world == "empty" else None
        return _once(Rehearsal(run, start, tables, dialect, turns), run, told, limits())

    return known_or_made(run, (sqlite3.sqlite_version, start), tables, lambda: in_worlds(play))


def _once(rehearsal: Rehearsal, run: Run, progress: Callable[[int], None] | None, limits: Limits) -> Played:
    """Run the scripts once; returns what came of it."""
    from alembic_contracts.running.on_a_copy import Cut, Ended
    from alembic_contracts.running.replaying import performed

    before: list[Schema] = []
    done: list[Step] = []
    cuts: list[Unproven] = []
    ends: list[Ended] = []

    def hear(value: Any) -> None:
        match value:
            case Step():
                done.append(value)
                if progress is not None:
                    progress(len(done))
            case Cut(reason):
                cuts.append(reason)
            case Ended():
                ends.append(value)
            case _:
                before.append(value)

    folder, engine = run.environment.script.dir, rehearsal.engine
    found = performed(rehearsal.go, limits, folder, heard=hear, permitted=engine, lends=rehearsal.lends)
    if not before:
        raise CannotCheck(f"The database could not be copied: {found.end.reason if found.end else 'for no reason'}")
    revisions = [step.revision.revision for step in (*run.history, *run.steps)]
    last = revisions[min(len(done), len(revisions)) - 1] if done else ""
    rest = (Step(revision, ()) for revision in revisions[len(done) :])
    unproven = (*found.unproven, *(() if found.end is None else (found.end,)))
    prediction = Prediction(before=before[0], steps=(*done, *rest), unproven=unproven, cut=cuts[0] if cuts else None)
    ended = ends[0] if ends else Ended(through=frozenset(), read_rows=False)
    return Played(prediction=prediction, last=last, through=ended.through, read_unknown_rows=ended.read_rows)


def copied(run: Run) -> Copy:
    """Return what a run starts from.

    Raises:
        CannotCheck: that cannot be told.
    """
    context = run.context
    if run.connection is not None:
        return copies.copied(run.connection, context.version_table, context.version_table_schema)
    return Copy() if run.snapshot is None else _of_snapshot(run.snapshot)


def _of_snapshot(snapshot: Snapshot) -> Copy:
    """Return the database that a snapshot is of.

    Raises:
        CannotCheck: it does not hold the statements that make it.
    """
    if not snapshot.statements:
        raise CannotCheck(
            "The snapshot does not hold what makes a SQLite database. Make it again with `alembic-contracts snapshot`."
        )
    parts = (Part(name, statements) for name, statements in snapshot.statements.items())
    return Copy(parts=tuple(parts), heads=snapshot.revisions)

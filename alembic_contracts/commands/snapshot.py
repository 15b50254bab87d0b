"""``alembic-contracts snapshot``: the schema in a file, for predictions without a database to start from."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

import click

from alembic_contracts import texts
from alembic_contracts.commands._shared import (
    DATABASE,
    DIALECT,
    OFFLINE,
    TO,
    Project,
    examples,
    range_of,
    told,
    with_options,
)
from alembic_contracts.running.options import Option

if TYPE_CHECKING:
    from pathlib import Path

    from alembic.config import Config

    from alembic_contracts.running.pending import Run
    from alembic_contracts.schemas.snapshots import Snapshot
    from alembic_contracts.support.terminal import Progress

__all__ = ["COMMAND"]

_SUMMARY = "Write the schema to a file that `check --offline` starts from instead of an empty database."
_DESCRIPTION = """\
The schema is read from the database at its current revision; with --offline it is predicted, but on SQLite, where it
takes a database. Commit the file: histories that begin with a past create_all need one, and long ones are checked
faster from one.

Exit codes: 0 written, or current; 1 stale (--check); 2 could not be made; 3 the prediction is unproven.
"""
_EXAMPLES = (
    ("", "write schema_snapshot.json, or what the setting `snapshot` names"),
    ("--offline --to 1a2b3c", "as the scripts leave it at a revision, without a database"),
    ("--check", "is the committed one still what the database has?"),
)
_OPTIONS = (
    OFFLINE,
    TO,
    DIALECT,
    DATABASE,
    Option("--check", "Write nothing; exit 1 if the file is not what would be written."),
    Option("--output", "Write to this file instead; - is standard output.", "FILE"),
)


@click.command(
    "snapshot", help=f"{_SUMMARY}\n\n{_DESCRIPTION}", short_help=_SUMMARY, epilog=examples("snapshot", _EXAMPLES)
)
@with_options(_OPTIONS)
@click.pass_obj
@told
def COMMAND(project: Project, /, **values: Any) -> int:  # noqa: N802 - found by this name
    """Write or compare the file."""
    from pathlib import Path

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running.terms import settings_of
    from alembic_contracts.schemas import snapshots
    from alembic_contracts.support.paths import shown

    config = project.config()
    output = values["output_"]
    file = Path(output) if output else settings_of(config).snapshot
    made = _make(config, values)
    if made is None:
        return 3
    text = snapshots.write(made)
    if output == "-":
        sys.stdout.write(text)
        return 0
    if values["check_"]:
        return _compared(text, file)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CannotCheck(f"The snapshot cannot be written to {shown(file)}: {error.strerror}") from error
    click.echo(f"Wrote {shown(file)}: {len(made.schema.tables)} tables at {', '.join(made.revisions)}.", err=True)
    return 0


def _make(config: Config, values: dict[str, Any]) -> Snapshot | None:
    """Return the snapshot of what is there, None where the prediction has doubts (which are told).

    Raises:
        CannotCheck: there is no such thing.
    """
    from msgspec.structs import replace

    from alembic_contracts.errors import CannotCheck
    from alembic_contracts.running import environments
    from alembic_contracts.support import terminal

    range_ = replace(range_of(values), single=True)
    if not range_.offline and values["to_"]:
        raise CannotCheck("--to needs --offline: a database is at the revision that it is at.")
    made: list[Snapshot | None] = []
    with terminal.own_output("Predicting revision") as progress:

        def look(run: Run) -> None:
            _refuse_what_has_none(run)
            made.append(_predicted(run, progress) or _observed(run))

        environments.visit(config, range_, look)
    snapshot = made[0]
    if snapshot is not None and not snapshot.revisions:
        raise CannotCheck("There is nothing to take a snapshot of: no revision has been applied.")
    return snapshot


def _refuse_what_has_none(run: Run) -> None:
    from alembic_contracts.errors import CannotCheck

    dialect = run.dialect
    if dialect.FORESIGHT == "none":
        raise CannotCheck(f"A snapshot is what predictions start from, and on {dialect.NAME} nothing is predicted.")
    if dialect.FORESIGHT == "copy" and run.connection is None:
        raise CannotCheck(
            f"A snapshot of {dialect.NAME} is taken of a database. Leave out --offline; `alembic upgrade` makes a new "
            "database for it."
        )


def _statements(run: Run) -> dict[str, tuple[str, ...]]:
    """Return what makes the database, where predictions run on a copy of it."""
    if run.dialect.FORESIGHT != "copy" or run.connection is None:
        return {}
    from alembic_contracts.dialects.sqlite.copies import copied

    copy = copied(run.connection, run.context.version_table, run.context.version_table_schema)
    return {part.name: part.statements for part in copy.parts if part.name != "temp"}


def _observed(run: Run) -> Snapshot | None:
    from alembic_contracts.schemas.snapshots import Snapshot

    if run.connection is None:
        return None
    dialect = run.dialect
    session = dialect.session(run.connection)
    return Snapshot(
        revisions=tuple(sorted(run.context.get_current_heads())),
        server_version=session.server_version,
        search_path=session.search_path,
        schema=dialect.observe(run.connection, None, lock_timeout=run.lock_timeout),
        dialect=dialect.KIND,
        statements=_statements(run),
    )


def _predicted(run: Run, progress: Progress | None) -> Snapshot | None:
    from alembic_contracts.running.courses import follow
    from alembic_contracts.schemas.snapshots import Snapshot
    from alembic_contracts.schemas.surroundings import DEFAULT_VERSION

    if run.connection is not None:
        return None
    course = follow(run, None, progress=progress)
    if run.postponed is not None:
        click.echo(texts.line(f"note: {run.postponed}"), err=True)
    doubts = course.doubts
    for doubt in doubts:
        place = f"{doubt.location.file}:{doubt.location.line}: " if doubt.location is not None else ""
        click.echo(texts.line(f"{place}unproven: {doubt.reason}"), err=True)
    if doubts:
        return None
    return Snapshot(
        revisions=tuple(sorted(_heads(run))),
        server_version=DEFAULT_VERSION,
        schema=course.predictions[0].after,
    )


def _heads(run: Run) -> set[str]:
    """Return the heads that the steps of a run leave."""
    heads: set[str] = set()
    for step in (*run.history, *run.steps):
        heads = heads.difference(step.from_revisions).union(step.to_revisions)
    return heads


_VERSION = re.compile(r'("server_version": )(\d+)')


def _compared(text: str, file: Path) -> int:
    import difflib

    from alembic_contracts.support.paths import shown

    committed = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    was, now = (_VERSION.search(each) for each in (committed, text))
    if was and now and int(was[2]) // 10000 == int(now[2]) // 10000:  # a minor version changes no schema
        text = f"{text[: now.start()]}{was[0]}{text[now.end() :]}"
    if committed == text:
        return 0
    lines = difflib.unified_diff(committed.splitlines(), text.splitlines(), shown(file), "now", lineterm="", n=2)
    click.echo("\n".join(lines))
    click.echo(f"{shown(file)} is stale: make it again with `alembic-contracts snapshot`.", err=True)
    return 1
